# The storage engines that this machine has the packages of. Sets BWLAB_STORAGE_ENTRIES, BWLAB_STORAGE_SOURCES and
# BWLAB_STORAGE_LIBRARIES; each engine that is left out gets a line that says why.
#
# ThreadSanitizer sees nothing of what these libraries do, but for the memory that they copy and hand from thread to
# thread: it takes that for races. Under it all of them are left out.

set(BWLAB_STORAGE_ENTRIES "")
set(BWLAB_STORAGE_SOURCES "")
set(BWLAB_STORAGE_LIBRARIES "")

# bwlab_storage_engine(<name> <entry> <package> <target>): `target` exists where the package is installed.
macro(bwlab_storage_engine name entry package target)
  if(BWLAB_SANITIZE MATCHES "thread")
    message(STATUS "Engine ${name}: left out under ThreadSanitizer, which reports its library falsely")
  elseif(NOT TARGET ${target})
    message(STATUS "Engine ${name}: left out, ${package} is not installed")
  else()
    list(APPEND BWLAB_STORAGE_ENTRIES ${entry})
    list(APPEND BWLAB_STORAGE_SOURCES bwlab/engines/${name}.cc)
    list(APPEND BWLAB_STORAGE_LIBRARIES ${target})
  endif()
endmacro()

find_package(RocksDB QUIET)
find_package(leveldb QUIET)
find_package(SQLite3 QUIET)
pkg_check_modules(LMDB QUIET IMPORTED_TARGET lmdb)
pkg_check_modules(WIREDTIGER QUIET IMPORTED_TARGET wiredtiger)

bwlab_storage_engine(rocksdb kRocksDbEntry librocksdb-dev RocksDB::rocksdb-shared)
bwlab_storage_engine(leveldb kLevelDbEntry libleveldb-dev leveldb::leveldb)
bwlab_storage_engine(lmdb kLmdbEntry liblmdb-dev PkgConfig::LMDB)
bwlab_storage_engine(wiredtiger kWiredTigerEntry libwiredtiger-dev PkgConfig::WIREDTIGER)
bwlab_storage_engine(sqlite kSqliteEntry libsqlite3-dev SQLite::SQLite3)

# Debian's librocksdb is built with assertions on, which a result has to say.
if(TARGET RocksDB::rocksdb-shared)
  get_target_property(rocksdb_library RocksDB::rocksdb-shared LOCATION)
  file(STRINGS ${rocksdb_library} assertions REGEX "^__assert_fail$" LIMIT_COUNT 1)
  set_source_files_properties(bwlab/engines/rocksdb.cc PROPERTIES
    COMPILE_DEFINITIONS "BWLAB_ROCKSDB_HAS_ASSERTIONS=$<IF:$<BOOL:${assertions}>,true,false>")
endif()
