# The engines that the Bw-tree is measured against; bwlab_peer is in cmake/BwlabVariants.cmake.

bwlab_peer(btree_olc kBTreeOlcEntry
  SOURCES bwlab/engines/btree_olc.cc)
bwlab_peer(std_map_rwlock kStdMapRwlockEntry
  SOURCES bwlab/engines/std_map_rwlock.cc)
bwlab_peer(absl_btree_rwlock kAbslBtreeRwlockEntry
  SOURCES bwlab/engines/absl_btree_rwlock.cc
  LIBRARIES absl::btree
  PACKAGE libabsl-dev)
bwlab_peer(tbb_concurrent_map kTbbConcurrentMapEntry
  SOURCES bwlab/engines/tbb_concurrent_map.cc)
bwlab_peer(libcds_skiplist kLibcdsSkiplistEntry
  SOURCES bwlab/engines/libcds_skiplist.cc
  LIBRARIES bwlab::libcds
  PACKAGE libcds-dev
  NOT_WITH thread) # the scan for hazard pointers is in the library: what it frees looks like a race with its last reader

# The harness' own.
bwlab_peer(null kNullEngineEntry
  SOURCES bwlab/engines/null_engine.cc)
bwlab_peer(faulty_for_tests kFaultyForTestsEntry
  SOURCES bwlab/engines/faulty_for_tests.cc)
