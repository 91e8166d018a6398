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

# Those that keep files. ThreadSanitizer sees nothing of what their libraries do, but for the memory that they copy and
# hand from thread to thread: it takes that for races. Nor has their memory been looked at with AddressSanitizer.
bwlab_peer(rocksdb kRocksDbEntry
  SOURCES bwlab/engines/rocksdb.cc
  LIBRARIES RocksDB::rocksdb-shared
  PACKAGE librocksdb-dev
  NOT_WITH thread address,undefined)
bwlab_peer(leveldb kLevelDbEntry
  SOURCES bwlab/engines/leveldb.cc
  LIBRARIES leveldb::leveldb
  PACKAGE libleveldb-dev
  NOT_WITH thread address,undefined)
bwlab_peer(lmdb kLmdbEntry
  SOURCES bwlab/engines/lmdb.cc
  LIBRARIES PkgConfig::LMDB
  PACKAGE liblmdb-dev
  NOT_WITH thread address,undefined)
bwlab_peer(wiredtiger kWiredTigerEntry
  SOURCES bwlab/engines/wiredtiger.cc
  LIBRARIES PkgConfig::WIREDTIGER
  PACKAGE libwiredtiger-dev
  NOT_WITH thread address,undefined)
bwlab_peer(sqlite kSqliteEntry
  SOURCES bwlab/engines/sqlite.cc
  LIBRARIES SQLite::SQLite3
  PACKAGE libsqlite3-dev
  NOT_WITH thread address,undefined)

# Debian's librocksdb is built with assertions on, which a result has to say.
if(TARGET RocksDB::rocksdb-shared)
  get_target_property(rocksdb_library RocksDB::rocksdb-shared LOCATION)
  file(STRINGS ${rocksdb_library} assertions REGEX "^__assert_fail$" LIMIT_COUNT 1)
  set_source_files_properties(bwlab/engines/rocksdb.cc PROPERTIES
    COMPILE_DEFINITIONS "BWLAB_ROCKSDB_HAS_ASSERTIONS=$<IF:$<BOOL:${assertions}>,true,false>")
endif()

# The harness' own.
bwlab_peer(null kNullEngineEntry
  SOURCES bwlab/engines/null_engine.cc)
bwlab_peer(faulty_for_tests kFaultyForTestsEntry
  SOURCES bwlab/engines/faulty_for_tests.cc)
