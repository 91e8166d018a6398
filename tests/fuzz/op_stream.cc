// Bytes as operations on a tree of tiny nodes and on a std::map. The first byte chooses layout and
// record types. Entry point of libFuzzer and of the corpus test.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "support/op_model.h"
#include "support/test_traits.h"

namespace bwlab::test {
namespace {

std::string FaultOfBytes(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return "";
  const std::vector<Op> ops = OpsOf(bytes.subspan(1));
  switch (bytes[0] % 6) {
    case 0:
      return FaultOf<TinyTraits>(ops);
    case 1:
      return FaultOf<TinyLinked>(ops);
    case 2:
      return FaultOf<WithRecords<TinyTraits, BytesKey, BytesValue>>(ops);
    case 3:
      return FaultOf<WithRecords<TinyLinked, BytesKey, U64Value>>(ops);
    case 4:
      return FaultOf<WithRecords<LongChains<PreallocatedDeltas>, BytesKey, BytesValue>>(ops);
    default:
      return FaultOf<WithRecords<TinyPooled, FixedBytesKey<16>, BytesValue>>(ops);
  }
}

}  // namespace
}  // namespace bwlab::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  // Longer ones find nothing that shorter ones do not, and take long.
  if (size > 4096) return -1;
  const std::string fault = bwlab::test::FaultOfBytes({data, size});
  if (fault.empty()) return 0;
  std::fprintf(stderr, "%s\n", fault.c_str());
  std::abort();
}
