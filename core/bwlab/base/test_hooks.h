#pragma once

// Where tests step into the engine (tests/README.md). In ordinary builds the two macros are nothing
// and cost nothing; with BWLAB_TEST_HOOKS=1 (CMake preset `hooks`)
//   BWLAB_POINT(NodeRead)      calls the handler that a test has set, so that a thread can be held
//                              up or parked between two steps that others may come between;
//   BWLAB_MUTANT(MarkIgnored)  is true where the environment variable BWLAB_MUTANT names this
//                              fault, so that a seeded bug takes the place of the right code.

#ifndef BWLAB_TEST_HOOKS
#define BWLAB_TEST_HOOKS 0
#endif

#if BWLAB_TEST_HOOKS

#include <cstddef>
#include <cstdint>
#include <string_view>

/// F(name, what has just happened there).
#define BWLAB_TEST_POINTS(F)                                                          \
  F(EpochLoaded, "an epoch was loaded, and is not announced yet")                     \
  F(EpochAnnounced, "a section has begun, and nothing was loaded in it")              \
  F(SectionEnds, "a section is over, and not announced to be")                        \
  F(BatchClosed, "a batch got its stamp, and the announcements are not read")         \
  F(AnnouncementRead, "one participant's announcement was read, others are not")      \
  F(PageFreed, "a page's grace period is over, and it is about to be freed")          \
  F(IdTaken, "a page id was taken, and nothing is installed")                         \
  F(IdLinkRead, "the link behind the first free id was read")                         \
  F(IdFreed, "a page id is about to be given to others")                              \
  F(NodeRead, "a mapping word was loaded, and its page not looked at")                \
  F(BeforeCas, "a new mapping word is ready")                                         \
  F(CasWon, "a new mapping word is installed")                                        \
  F(CasLost, "somebody else's mapping word was installed")                            \
  F(SlotClaimed, "a slot is claimed and empty")                                       \
  F(SlotFilled, "a slot is filled, and no member")                                    \
  F(StoreDecided, "an update in place is decided, and nothing is stored")             \
  F(WordClosed, "an open word is closed, and stores to its page may be under way")    \
  F(DeltaFilled, "a linked delta is filled, and in no chain")                         \
  F(ReplacementWritten, "a new base page is written, and not installed")              \
  F(RightHalfInstalled, "the right half of a split is in the table, the left is not") \
  F(SplitUnposted, "a split is published, its separator is not posted")               \
  F(SplitChecked, "a split was seen to stand, its separator is not posted")           \
  F(RootReady, "a new root is in the table, and nobody knows it")                     \
  F(IntentPlaced, "M1: a merge is intended")                                          \
  F(VictimMarked, "M2: the victim is frozen, and not absorbed")                       \
  F(VictimAbsorbed, "M3: the victim is absorbed, its index term stands")              \
  F(TermRemoved, "M4: the index term is gone, the victim is not retired")             \
  F(RootMarked, "R1: the root is frozen, its child is not the root")                  \
  F(WritePublished, "a write is done, and not counted in Size")                       \
  F(ScanLeavesLeaf, "a scan has left a leaf, and not reached the next")

/// F(name, the fault).
#define BWLAB_MUTANTS(F)                                                                    \
  F(LostCasCountsAsWon, "a write whose CAS was lost reports success")                       \
  F(LinkedLostCasCountsAsWon, "the same in the linked layouts")                             \
  F(OlderMemberStays, "a delta does not drop the older one of its key")                     \
  F(WordNotReleased, "a mapping word is installed, and what it names is not handed over")   \
  F(WordNotAcquired, "a mapping word is read, and what it names is not taken over")         \
  F(PublishedBeforeFilled, "a slot becomes a member before it is filled")                   \
  F(AnyPageIsTheCursors, "a write goes on after its leaf got another page")                 \
  F(MarkIgnored, "a write puts its delta on a frozen leaf")                                 \
  F(LostWhenFull, "the write that makes a leaf consolidate is left out of the new page")    \
  F(TagTakenForKey, "a slot is taken for a key's that only has its tag")                    \
  F(TombstoneTakenForKey, "a tombstone is taken for the key that it deletes")               \
  F(StoredWithoutComparison, "an update is stored in place though its page may be stale")   \
  F(PageNotSettled, "an open page is copied while stores to it may be under way")           \
  F(ScanNotSettled, "a scan visits a leaf whose records are updated in place")              \
  F(SettledWordStale, "a scan takes records from before the leaf was settled, and after")   \
  F(DeltaForgotten, "a consolidation forgets a delta")                                      \
  F(OverwriteForgotten, "a consolidation that copies the base forgets a payload")           \
  F(TombstoneForgotten, "a consolidation keeps what a delta has deleted")                   \
  F(RightHalfLost, "a split leaves its right half out of the sibling chain")                \
  F(SeparatorTooShort,                                                                      \
    "byte strings: a separator is cut to what it has in common with the key before it")     \
  F(PrefixTooLong, "byte strings: a page leaves out one byte too many")                     \
  F(SplitUnnoticed, "a writer does not see that its key lies beyond a split")               \
  F(UnpostedSplitNotStepped, "a reader does not step over an unposted split")               \
  F(SplitNotChecked, "a separator is posted though its split may be gone")                  \
  F(VictimNotMarked, "a node is absorbed without being frozen")                             \
  F(RightPartOfMergeLost, "a merge forgets the records of the right node")                  \
  F(TermOfOthersRemoved, "a helper removes the index term that replaced its own")           \
  F(SecondChildMerged, "the child behind an underfull one is merged in its place")          \
  F(NeighboursIntended, "two neighbours may be merged at once")                             \
  F(MergeNotFinished, "nobody carries out a merge that is intended")                        \
  F(IntentIgnoredByReaders, "a reader goes to a child that may have been absorbed")         \
  F(MergeForkAtWrongSide, "linked: the key of a merge is looked for on the left")           \
  F(ShortcutTooNarrow, "linked: a search shortcut leaves out a record")                     \
  F(ScanMixesTwoWords, "a scan takes the sibling from a newer word than the records")       \
  F(ReverseScanStopsAtSplit, "a backward scan does not step over an unposted split")        \
  F(IteratorRepeatsAbsorbed, "an iterator begins a leaf at its beginning, wherever it was") \
  F(MultiGetForgetsPlaces, "MultiGet stores answers by the order in which descents end")    \
  F(DeleteNotCounted, "Size does not count deletes")                                        \
  F(ReplacedPageFreedAtOnce, "a replaced page is freed without a grace period")             \
  F(OneEpochEarly, "a batch is freed one epoch too early")                                  \
  F(NoAnnouncement, "a section is not announced")                                           \
  F(NoBarrierOfReaders, "the loads of a section may come before its announcement")          \
  F(NoBarrierOfCollectors, "announcements may be read before pages are unlinked")           \
  F(SectionEndNotReleased, "the loads of a section may come after its end")                 \
  F(QuiescentInside, "qsbr: the end of an inner section counts as a quiescent state")       \
  F(NestedExitEnds, "the end of an inner section ends the outer one")                       \
  F(JoinedNotCounted, "epoch_centralized: an epoch is reclaimed while sections are in it")  \
  F(OrphansLost, "what a closed session had retired is never freed")                        \
  F(IdReusedAtOnce, "a page id is reused while readers hold it")                            \
  F(LastLeafNotChecked, "a write goes to a leaf whose id may be another's by now")          \
  F(NoTagAgainstABA, "the list of free page ids forgets that its head may come back")       \
  F(FreeIdNotReleased, "the link behind a free page id may be read before it is written")   \
  F(PoolNeverSpills, "a session's pool takes freed pages without bound")

namespace bwlab {

#define BWLAB_ENUMERATOR(name, what) k##name,
enum class TestPoint : uint8_t { BWLAB_TEST_POINTS(BWLAB_ENUMERATOR) kCount };
enum class Mutant : uint8_t { kNone, BWLAB_MUTANTS(BWLAB_ENUMERATOR) kCount };
#undef BWLAB_ENUMERATOR

inline constexpr std::size_t kTestPointCount = static_cast<std::size_t>(TestPoint::kCount);
std::string_view ToString(TestPoint point);

/// What a thread does when it reaches a point. Null: nothing. Relaxed, so that it orders nothing
/// that the engine does not: set it before the threads that matter begin.
using TestPointHandler = void (*)(TestPoint);
void SetTestPointHandler(TestPointHandler handler);
void ReachTestPoint(TestPoint point);

/// Whether BWLAB_MUTANT names this fault.
bool IsMutant(Mutant mutant);

}  // namespace bwlab

#define BWLAB_POINT(name) ::bwlab::ReachTestPoint(::bwlab::TestPoint::k##name)
#define BWLAB_MUTANT(name) ::bwlab::IsMutant(::bwlab::Mutant::k##name)

#else

#define BWLAB_POINT(name) ((void)0)
#define BWLAB_MUTANT(name) false

#endif
