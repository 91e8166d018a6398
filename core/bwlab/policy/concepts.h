#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/policy/allocator/allocator_options.h"
#include "bwlab/policy/backoff/backoff_limits.h"
#include "bwlab/policy/consolidation/consolidation.h"
#include "bwlab/policy/reclamation/reclamation_options.h"
#include "bwlab/policy/reclamation/retired.h"
#include "bwlab/policy/search/short_hints.h"
#include "bwlab/policy/search/slot_tags.h"
#include "bwlab/policy/search/sorted_heads.h"
#include "bwlab/policy/stats/stats.h"

namespace bwlab {

/// Every policy has a name, by which variants and results call it, and a sentence that says when to
/// choose it.
template <class P>
concept NamedPolicy = requires {
  { P::kName } -> std::convertible_to<std::string_view>;
  { P::kSummary } -> std::convertible_to<std::string_view>;
};

/// Finds heads in a node. UpperBound is the number of sorted heads that are at most the key
/// (0..count), equal ones included however many they are; UpperBoundWithin is `first` plus the
/// number of those in [first, last), where last <= count. MatchTags is the subset of `members`
/// whose tag has the hash, whatever the tags are of slots that are no members.
template <class P>
concept SearchPolicy = NamedPolicy<P> &&
    requires(const ShortHintedHeads& node, const HintedHeads& with_long_hints, Head key,
             const SlotTags& tags, uint8_t hash, uint32_t n) {
  { P::UpperBound(node, key) } -> std::same_as<uint32_t>;
  { P::UpperBound(with_long_hints, key) } -> std::same_as<uint32_t>;
  { P::UpperBoundWithin(node, n, n, key) } -> std::same_as<uint32_t>;
  { P::UpperBoundWithin(with_long_hints, n, n, key) } -> std::same_as<uint32_t>;
  { P::MatchTags(tags, n, hash) } -> std::same_as<uint32_t>;
};

/// Waits between a lost CAS and the next try. A session keeps a Local, which is what the policy
/// remembers from one operation to the next; each operation makes one P from it, calls Pause()
/// after every lost CAS, and ends P's life with its own. spins() is what the operation has spent,
/// in spin-wait instructions.
template <class P>
concept BackoffPolicy = NamedPolicy<P> &&
    std::constructible_from<typename P::Local, const BackoffLimits&> &&
    std::constructible_from<P, typename P::Local&> && requires(P backoff) {
  backoff.Pause();
  { backoff.spins() } -> std::same_as<uint64_t>;
};

/// Decides when a page that was unlinked may be reused. A participant is one session's side; it
/// lives as long as the domain and serves one session after the other. See announced_epochs.h for
/// what each verb promises. RetiredBytes may be negative where a participant frees what others
/// retired: the sum over all participants is what waits.
template <class P>
concept ReclamationPolicy = NamedPolicy<P> &&
    std::constructible_from<typename P::Domain, const ReclamationOptions&> &&
    std::constructible_from<typename P::Participant, typename P::Domain&> &&
    requires(typename P::Participant participant, Retired* page, void (*free)(Retired*)) {
  participant.Enter();
  participant.Exit();
  { participant.pinned() } -> std::same_as<bool>;
  participant.Retire(page, free);
  participant.Collect(free);
  participant.Leave(free);
  participant.Drain(free);
  { participant.RetiredBytes() } -> std::same_as<int64_t>;
};

/// Gives and takes pages: sizes are multiples of a cache line, addresses begin one and lie below
/// 2^47. Allocate returns nullptr when there is no memory. A page may be freed through another
/// Local than it came from.
///
/// PooledBytes, from any thread: free memory that the policy holds and can count; pages handed out
/// and the PooledBytes of Shared and of every Local add up to what the policy has from the system,
/// where it counts at all. Local::Leave ends a session: what it holds serves others from then on.
/// Trim gives free memory back to the system as far as it can, and blocks no operation of the
/// policy's own: Shared's from any thread, what no session holds; Local's that of its session as
/// well. huge_pages tells whether the system accepted the advice of AllocatorOptions.
template <class P>
concept AllocatorPolicy = NamedPolicy<P> &&
    std::constructible_from<typename P::Shared, const AllocatorOptions&> &&
    std::constructible_from<typename P::Local, typename P::Shared&> &&
    requires(typename P::Shared& shared, const typename P::Shared& const_shared,
             typename P::Local& local, const typename P::Local& const_local, void* page,
             std::size_t bytes) {
  { local.Allocate(bytes) } -> std::same_as<void*>;
  local.Free(page, bytes);
  local.Leave();
  local.Trim();
  { const_local.PooledBytes() } -> std::same_as<std::size_t>;
  shared.Trim();
  { const_shared.PooledBytes() } -> std::same_as<std::size_t>;
  { const_shared.huge_pages() } -> std::same_as<bool>;
};

/// Decides who consolidates a leaf that has room left. kAdvises: whether it is asked at all; then
/// Local, one a session, gives its advice after every read and write. Workers<Key> are the threads
/// of a policy that has some, NoWorkers otherwise.
template <class P>
concept ConsolidationPolicy =
    NamedPolicy<P> && std::constructible_from<typename P::Local, const ConsolidationOptions&> &&
    std::constructible_from < typename P::template Workers<uint64_t>,
const ConsolidationOptions& > &&requires {
  { P::kAdvises } -> std::convertible_to<bool>;
}
&&(!P::kAdvises || requires(typename P::Local & local, uint32_t deltas) {
  { local.AfterRead(deltas) } -> std::same_as<ConsolidationAdvice>;
  { local.AfterWrite(deltas) } -> std::same_as<ConsolidationAdvice>;
});

/// Counts structure events of one session.
template <class P>
concept StatsPolicy = NamedPolicy<P> &&
    requires(P stats, TreeEvent event, uint64_t count, TreeCounters& sum) {
  { P::kEnabled } -> std::convertible_to<bool>;
  stats.Add(event, count);
  stats.SumInto(sum);
};

/// What a tree is put together from. A variant derives from another one and replaces a member.
template <class T>
concept TreeTraits = SearchPolicy<typename T::Search> && BackoffPolicy<typename T::Backoff> &&
    ReclamationPolicy<typename T::Reclamation> && AllocatorPolicy<typename T::Allocator> &&
    ConsolidationPolicy<typename T::Consolidation> && StatsPolicy<typename T::Stats> &&
    NamedPolicy<typename T::DeltaLayout> && requires {
  typename T::Key;
  typename T::Value;
  { T::kName } -> std::convertible_to<std::string_view>;
  { T::kSummary } -> std::convertible_to<std::string_view>;
};

}  // namespace bwlab
