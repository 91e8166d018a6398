# The variants of the Bw-tree: a star around `default`, each changing one thing, and two combinations that rebuild the
# configurations of the papers.
#   bwlab_variant(<name> <summary> <members that replace those of DefaultTraits>)
# The build writes a translation unit for each and the table that finds them by name. Numbers (TreeOptions) can be set
# for any variant in a spec; a variant sets one only where it is the point of the variant.

# Those that hold byte-string keys and values too. Each takes a minute of compile time more, and under sanitizers more
# than that: there, one of each kind of layout.
set(BWLAB_VARIANTS_OF_BYTES default linked p13 p18)
if(BWLAB_SANITIZE)
  set(BWLAB_VARIANTS_OF_BYTES default linked)
endif()

bwlab_variant(default "the fastest configuration known" "")

# Search
bwlab_variant(linear "node search one head after the other" "using Search = LinearSearch;")
bwlab_variant(scalar "node search by std::upper_bound instead of SIMD" "using Search = ScalarBinarySearch;")
bwlab_variant(branch_free "node search by conditional moves instead of SIMD" "using Search = BranchFreeSearch;")
bwlab_variant_of_kernel(sse42 SSE4_2 "SIMD search, two heads a compare" "using Search = SimdSearch<xsimd::sse4_2>;")
bwlab_variant_of_kernel(avx2 AVX2 "SIMD search, four heads a compare" "using Search = SimdSearch<xsimd::avx2>;")

# Backoff
bwlab_variant(backoff_none "tries again at once after a lost CAS" "using Backoff = NoBackoff;")
bwlab_variant(backoff_pause "one spin-wait instruction after each lost CAS" "using Backoff = PauseBackoff;")
bwlab_variant(backoff "doubles a pause after each lost CAS" "using Backoff = ExponentialBackoff;")
bwlab_variant(backoff_jitter "a random pause of a doubling range after each lost CAS" "using Backoff = ExponentialJitterBackoff;")
bwlab_variant(backoff_yield "gives the processor away after each lost CAS" "using Backoff = YieldBackoff;")

# Consolidation
bwlab_variant(consolidate_reader "readers consolidate long chains too" "using Consolidation = ReaderConsolidation;")
if(NOT BWLAB_SANITIZE MATCHES "thread") # which takes the hand-over of tasks inside TBB's library for races
  bwlab_variant(consolidate_background "a worker thread consolidates what writers report" "using Consolidation = BackgroundConsolidation;")
endif()
bwlab_variant(consolidate_adaptive "the more a session reads, the shorter its chains" "using Consolidation = AdaptiveConsolidation;")

# Reclamation
bwlab_variant(epoch_centralized "all threads count in and out of one shared counter an epoch" "using Reclamation = EpochCentralized;")
bwlab_variant(qsbr "quiescent states instead of epochs" "using Reclamation = Qsbr;")
bwlab_variant(leak "frees no page before the tree dies" "using Reclamation = Leak;")
bwlab_variant(fence "readers pay a fence instead of the collector's membarrier"
  "static TreeOptions Options() { TreeOptions numbers; numbers.membarrier = 0; return numbers; }")
bwlab_variant(amortised "two pages freed a retirement instead of whole batches"
  "static TreeOptions Options() { TreeOptions numbers; numbers.epoch_frees_per_retire_max = 2; return numbers; }")

# Memory
bwlab_variant(malloc "pages from the system's allocator instead of pools" "using Allocator = SystemAllocator;")
if(NOT BWLAB_SANITIZE MATCHES "thread") # likewise the hand-over of freed memory
  bwlab_variant(tbb_scalable "pages from TBB's scalable allocator instead of pools" "using Allocator = TbbScalableAllocator;")
endif()
bwlab_variant(huge_pages "huge pages for the mapping table and the pools"
  "static TreeOptions Options() { TreeOptions numbers; numbers.huge_pages = 1; return numbers; }")

# Delta layout
bwlab_variant(linked "each delta a record of its own, in a chain" "using DeltaLayout = LinkedDeltas;")
bwlab_variant(linked_preallocated "a chain of records that lie in space of the base node" "using DeltaLayout = PreallocatedDeltas;")

bwlab_variant(updates_in_slots "each update a delta, none in place"
  "static TreeOptions Options() { TreeOptions numbers; numbers.in_place_after = 0; return numbers; }")

bwlab_variant(stats "counts structure events, at a small cost" "using Stats = CountingStats;")

# The papers. P13: Levandoski et al., ICDE 2013; P18: Wang et al., SIGMOD 2018 (OpenBw-Tree).
bwlab_variant(p13 "ICDE 2013: linked deltas, binary search, one central epoch, chains of 8"
  "using DeltaLayout = LinkedDeltas;
  using Backoff = NoBackoff;
  using Search = ScalarBinarySearch;
  using Reclamation = EpochCentralized;
  using Allocator = SystemAllocator;
  static TreeOptions Options() {
    TreeOptions numbers;
    numbers.leaf_capacity = 128;
    numbers.leaf_chain_length = 8;
    numbers.inner_chain_length = 8;
    return numbers;
  }")
bwlab_variant(p18 "SIGMOD 2018: pre-allocated deltas, binary search with shortcuts, decentralised epochs, chains of 24 and 2"
  "using DeltaLayout = PreallocatedDeltas;
  using Backoff = NoBackoff;
  using Search = ScalarBinarySearch;
  using Allocator = SystemAllocator;
  static TreeOptions Options() {
    TreeOptions numbers;
    numbers.leaf_capacity = 128;
    numbers.inner_capacity = 64;
    numbers.search_shortcuts = 1;
    numbers.leaf_chain_length = 24;
    numbers.inner_chain_length = 2;
    numbers.membarrier = 0;
    return numbers;
  }")
