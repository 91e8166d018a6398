# The variants of the Bw-tree: a star around `default`, each changing one thing.
#   bwlab_variant(<name> <summary> <members that replace those of DefaultTraits>)
# The build writes a translation unit for each and the table that finds them by name.

bwlab_variant(default "the fastest configuration known" "")

bwlab_variant(scalar "node search by std::upper_bound instead of SIMD" "using Search = ScalarBinarySearch;")
bwlab_variant(branch_free "node search by conditional moves instead of SIMD" "using Search = BranchFreeSearch;")
bwlab_variant(backoff "doubles a pause after each lost CAS" "using Backoff = ExponentialBackoff;")
bwlab_variant(malloc "pages from the system's allocator instead of pools" "using Allocator = SystemAllocator;")
bwlab_variant(stats "counts structure events, at a small cost" "using Stats = CountingStats;")
