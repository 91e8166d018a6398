#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bwlab/policy/backoff/backoff.h"
#include "bwlab/policy/reclamation/retired.h"
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
/// (0..count). MatchMembers is the subset of `members` whose slot holds the key; `slots` begins on
/// a cache line and may be read up to `slot_count` rounded up to a whole line, whatever the slots
/// that are no members hold.
template <class P>
concept SearchPolicy = NamedPolicy<P> &&
    requires(const SortedHeads& node, Head key, const Head* slots, uint32_t n) {
  { P::UpperBound(node, key) } -> std::same_as<uint32_t>;
  { P::MatchMembers(slots, n, n, key) } -> std::same_as<uint32_t>;
};

/// Waits between a lost CAS and the next try; one object an operation.
template <class P>
concept BackoffPolicy = NamedPolicy<P> && std::constructible_from<P, const BackoffLimits&> &&
    requires(P backoff) {
  backoff.Pause();
};

/// Decides when a page that was unlinked may be reused. See epoch_decentralized.h for what each
/// verb promises.
template <class P>
concept ReclamationPolicy = NamedPolicy<P> &&
    std::constructible_from<typename P::Domain, uint32_t> &&
    std::constructible_from<typename P::Participant, typename P::Domain&> &&
    requires(typename P::Participant participant, Retired* page, void (*free)(Retired*)) {
  participant.Enter();
  participant.Exit();
  participant.Retire(page, free);
  participant.Collect(free);
  participant.Leave(free);
  participant.Drain(free);
  { participant.RetiredBytes() } -> std::same_as<uint64_t>;
};

/// Gives and takes pages: sizes are multiples of a cache line, addresses begin one. Allocate
/// returns nullptr when there is no memory. A page may be freed through another Local than it came
/// from.
template <class P>
concept AllocatorPolicy = NamedPolicy<P> && std::default_initializable<typename P::Shared> &&
    requires(typename P::Local local, void* page, std::size_t bytes) {
  { local.Allocate(bytes) } -> std::same_as<void*>;
  local.Free(page, bytes);
  { local.PooledBytes() } -> std::same_as<std::size_t>;
};

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
    StatsPolicy<typename T::Stats> && requires {
  { T::kName } -> std::convertible_to<std::string_view>;
  { T::kSummary } -> std::convertible_to<std::string_view>;
};

}  // namespace bwlab
