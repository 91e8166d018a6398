#include "bwlab/workload/key_bytes.h"

#include <array>

namespace bwlab::workload {
namespace {

// Writing and reading back share a style: what tells two keys apart is taken from the number piece
// by piece, each piece below a bound (mixed radix), and put together again in the opposite order.

/// Of a host out of a HostTable.
struct Host {
  std::string_view name;
  uint64_t slots;  ///< of 64 keys, how many have this host
};

/// Hosts of unequal popularity. A key's lowest six bits are its slot; a host that owns several
/// slots hands the one that it was on to the rest of the key.
template <size_t kCount>
class HostTable {
 public:
  static constexpr int kSlotBits = 6;
  static constexpr uint64_t kSlots = uint64_t{1} << kSlotBits;

  constexpr explicit HostTable(const std::array<Host, kCount>& hosts) : hosts_(hosts) {
    uint64_t slot = 0;
    for (size_t i = 0; i < kCount; ++i) {
      first_slot_[i] = slot;
      for (uint64_t n = 0; n < hosts[i].slots; ++n) host_of_slot_[slot++] = i;
    }
  }

  struct Split {
    size_t host;
    uint64_t rest;  ///< below 2^58 * slots of the host
  };

  constexpr Split SplitKey(uint64_t key) const {
    const uint64_t slot = key % kSlots;
    const size_t host = host_of_slot_[slot];
    return {host, (key >> kSlotBits) * hosts_[host].slots + (slot - first_slot_[host])};
  }

  constexpr uint64_t JoinKey(const Split& split) const {
    const uint64_t slots = hosts_[split.host].slots;
    return split.rest / slots << kSlotBits | (first_slot_[split.host] + split.rest % slots);
  }

  constexpr std::string_view NameOf(size_t host) const { return hosts_[host].name; }

  constexpr size_t NameLengthMax() const {
    size_t length_max = 0;
    for (const Host& host : hosts_) length_max = std::max(length_max, host.name.size());
    return length_max;
  }

  /// The number of the host of that name; that of the last one where there is none.
  constexpr size_t IndexOf(std::string_view name) const {
    size_t host = 0;
    while (host + 1 < kCount && hosts_[host].name != name) ++host;
    return host;
  }

  constexpr bool IsWhole() const { return first_slot_.back() + hosts_.back().slots == kSlots; }

  constexpr uint64_t SlotsMax() const {
    uint64_t slots_max = 0;
    for (const Host& host : hosts_) slots_max = std::max(slots_max, host.slots);
    return slots_max;
  }

 private:
  std::array<Host, kCount> hosts_;
  std::array<uint64_t, kCount> first_slot_ = {};
  std::array<size_t, kSlots> host_of_slot_ = {};
};

constexpr uint64_t kDigitBase = 36;

constexpr uint64_t PowerOfBase(size_t exponent) {
  uint64_t power = 1;
  while (exponent-- > 0) power *= kDigitBase;
  return power;
}

char* WriteText(std::string_view text, char* to) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// `number` must be below kDigitBase^digits.
char* WriteDigits(uint64_t number, size_t digits, char* to) {
  constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  for (size_t i = digits; i-- > 0; number /= kDigitBase) to[i] = kDigits[number % kDigitBase];
  return to + digits;
}

uint64_t ReadDigits(std::string_view digits) {
  uint64_t number = 0;
  for (const char c : digits) {
    number = number * kDigitBase + static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return number;
}

/// The first `count` bytes of `text`, or all, which are taken away from it.
std::string_view Take(std::string_view* text, size_t count) {
  const std::string_view taken = text->substr(0, count);
  text->remove_prefix(taken.size());
  return taken;
}

/// What stands before the first `end`, which is taken away with it; all where there is no `end`.
std::string_view TakeUntil(std::string_view* text, char end) {
  const std::string_view taken = Take(text, text->find(end));
  Take(text, 1);
  return taken;
}

// E-mail addresses. The hosts differ in length and the addresses do not, so a long host leaves room
// for short names only: names come in lists of one length each.

constexpr HostTable kMailHosts(std::to_array<Host>({
    {"com.gmail", 24},
    {"com.yahoo", 11},
    {"com.hotmail", 8},
    {"com.outlook", 4},
    {"com.icloud", 3},
    {"com.aol", 3},
    {"ru.mail", 2},
    {"com.live", 2},
    {"com.msn", 1},
    {"net.gmx", 1},
    {"it.libero", 1},
    {"ru.yandex", 1},
    {"net.comcast", 1},
    {"com.163", 1},
    {"uk.co.yahoo", 1},
}));
static_assert(kMailHosts.IsWhole());

/// Names of one length, each followed by a blank but for the last.
struct NameList {
  size_t length;
  std::string_view names;

  constexpr size_t size() const { return (names.size() + 1) / (length + 1); }
  constexpr std::string_view At(size_t index) const {
    return names.substr(index * (length + 1), length);
  }
  /// size() where there is none.
  constexpr size_t IndexOf(std::string_view name) const {
    size_t index = 0;
    while (index < size() && At(index) != name) ++index;
    return index;
  }
};

constexpr std::array<NameList, 3> kGivenNames = {{
    {4,
     "adam alex anna carl dana emma eric evan fred gina greg hans hugo igor ivan jack "
     "jane john jose juan kate lars lena lisa luca lucy mara mark nina omar owen paul"},
    {5,
     "aisha alice andre anita bruno carla chloe clara david diana elena ellen ethan "
     "fatma felix frank grace helen henry irene james jason julia karen laura linda "
     "lucas maria marie oscar peter sarah"},
    {6,
     "adrian albert alicia amanda andrea angela arturo carlos carmen claire daniel "
     "edward emilia george hannah isabel joanna joseph joshua justin martin monica "
     "nathan olivia pierre rachel robert samuel sophia stefan thomas ursula"},
}};
constexpr std::array<NameList, 3> kSurnames = {{
    {4,
     "abel alba amin bach bell berg bond boyd bush carr case chan chen cohn cole cook "
     "cruz dale diaz dunn falk ford gill gray hale hall hart hess hill hoff holt hunt "
     "jung kahn kerr khan king klee koch kohn kuhn lang lima long lund mann moss nash "
     "neri pace penn popa rama reed ross ruiz rush sato shah vega ward webb wood yang"},
    {5,
     "adams allen baker basso bauer beyer black blanc bravo brown bruno burns chang "
     "clark cohen costa davis dumas duran evans fabre fisch gomez gupta haase hayes "
     "henry hoang horak jones kelly klein kumar lange leroy lewis lopez maier malik "
     "mehta meyer mills moore morel munoz nagel novak ortiz patel perez petit popov "
     "price reyes rossi russo singh smith stein swann walsh weiss wolff young"},
    {6,
     "abbott alonso arnold barros becker blanco bowman brandt butler campos castro "
     "chavez conrad conway cooper cortez dawson dupont elliot farkas favaro fields "
     "fisher flores foster franco fuller garcia gibson graham graves greene hansen "
     "harris hassan hawker horvat howard ibarra ivanov jensen kaiser kramer larsen "
     "lehman manson marino martel mendez miller molina morris murphy murray nguyen "
     "olsson palmer parker petrov ramsey richer romano rowley schulz"},
}};

constexpr uint64_t kGivenNameCount = 32;
constexpr uint64_t kSurnameCount = 64;
constexpr size_t kNameLengthMin = 4;
constexpr size_t kMailDigits = 10;
constexpr size_t kMailBytes = InfoOf(kKeySpaces, KeySpaceKind::kEmail).key_bytes_max;

/// `count` different names in each list, the first of kNameLengthMin letters.
constexpr bool AreNameLists(const std::array<NameList, 3>& lists, uint64_t count) {
  for (size_t i = 0; i < lists.size(); ++i) {
    if (lists[i].length != kNameLengthMin + i || lists[i].size() != count) return false;
    for (size_t n = 0; n < count; ++n) {
      if (lists[i].IndexOf(lists[i].At(n)) != n) return false;
    }
  }
  return true;
}
static_assert(AreNameLists(kGivenNames, kGivenNameCount));
static_assert(AreNameLists(kSurnames, kSurnameCount));
static_assert((uint64_t{1} << (64 - kMailHosts.kSlotBits)) * kMailHosts.SlotsMax() /
                      kGivenNameCount / kSurnameCount <
                  PowerOfBase(kMailDigits),
              "what the host and the names leave fits in the digits");

/// The lists that fill an address with this host.
struct NameLists {
  const NameList& given;
  const NameList& surnames;
};
NameLists NameListsBeside(std::string_view host) {
  const size_t letters = kMailBytes - kMailDigits - std::string_view("@.").size() - host.size();
  const size_t given = letters / 2;
  return {kGivenNames[given - kNameLengthMin], kSurnames[letters - given - kNameLengthMin]};
}

char* WriteMail(uint64_t key, char* to) {
  const auto [host, rest] = kMailHosts.SplitKey(key);
  const std::string_view host_name = kMailHosts.NameOf(host);
  const NameLists lists = NameListsBeside(host_name);
  to = WriteText(host_name, to);
  *to++ = '@';
  to = WriteText(lists.given.At(rest % kGivenNameCount), to);
  *to++ = '.';
  to = WriteText(lists.surnames.At(rest / kGivenNameCount % kSurnameCount), to);
  return WriteDigits(rest / kGivenNameCount / kSurnameCount, kMailDigits, to);
}

uint64_t KeyOfMail(std::string_view bytes) {
  const size_t host = kMailHosts.IndexOf(TakeUntil(&bytes, '@'));
  const NameLists lists = NameListsBeside(kMailHosts.NameOf(host));
  const uint64_t given = lists.given.IndexOf(TakeUntil(&bytes, '.'));
  const uint64_t surname = lists.surnames.IndexOf(Take(&bytes, lists.surnames.length));
  return kMailHosts.JoinKey(
      {host, (ReadDigits(bytes) * kSurnameCount + surname) * kGivenNameCount + given});
}

// URLs. Hosts of the domains that RFC 2606 keeps for examples.

constexpr HostTable kWebHosts(std::to_array<Host>({
    {"www.example.com", 16},
    {"shop.example.com", 10},
    {"news.example.org", 8},
    {"en.wiki.example.org", 6},
    {"blog.example.net", 5},
    {"images.example.com", 4},
    {"forum.example.org", 3},
    {"video.example.net", 3},
    {"docs.example.org", 2},
    {"maps.example.com", 2},
    {"m.example.com", 1},
    {"api.example.net", 1},
    {"static.example.net", 1},
    {"mail.example.org", 1},
    {"data.example.org", 1},
}));
static_assert(kWebHosts.IsWhole());

constexpr std::array<std::string_view, 32> kPathWords = {
    "news",       "shop",     "blog",      "docs",      "wiki",        "forum",    "video",
    "music",      "sports",   "travel",    "science",   "history",     "politics", "products",
    "articles",   "reviews",  "gallery",   "archive",   "research",    "download", "software",
    "technology", "magazine", "community", "education", "electronics", "business", "health",
    "weather",    "recipes",  "category",  "questions"};

constexpr std::string_view kScheme = "http://";
constexpr std::string_view kSuffix = ".html";
constexpr uint64_t kWordsMin = 2;
constexpr uint64_t kWordsChoices = 4;  // two to five words

/// A path of fewer words leaves more to its digits.
constexpr size_t UrlDigits(uint64_t words) { return 12 - words; }

constexpr bool UrlDigitsSuffice() {
  uint64_t rest_max = (uint64_t{1} << (64 - kWebHosts.kSlotBits)) / kWordsChoices *
                      kWebHosts.SlotsMax() / kPathWords.size();
  for (uint64_t words = kWordsMin; words < kWordsMin + kWordsChoices; ++words) {
    rest_max /= kPathWords.size();
    if (rest_max > PowerOfBase(UrlDigits(words))) return false;
  }
  return true;
}
static_assert(UrlDigitsSuffice());

constexpr size_t UrlBytesMax() {
  size_t word_max = 0;
  for (const std::string_view word : kPathWords) word_max = std::max(word_max, word.size());
  constexpr uint64_t kWordsMax = kWordsMin + kWordsChoices - 1;
  return kScheme.size() + kWebHosts.NameLengthMax() + kWordsMax * (1 + word_max) + 1 +
         UrlDigits(kWordsMax) + kSuffix.size();
}
static_assert(UrlBytesMax() == InfoOf(kKeySpaces, KeySpaceKind::kUrl).key_bytes_max);

char* WriteUrl(uint64_t key, char* to) {
  auto [host, rest] = kWebHosts.SplitKey(key);
  const uint64_t words = kWordsMin + rest % kWordsChoices;
  rest /= kWordsChoices;
  to = WriteText(kScheme, to);
  to = WriteText(kWebHosts.NameOf(host), to);
  for (uint64_t i = 0; i < words; ++i) {
    *to++ = '/';
    to = WriteText(kPathWords[rest % kPathWords.size()], to);
    rest /= kPathWords.size();
  }
  *to++ = '/';
  to = WriteDigits(rest, UrlDigits(words), to);
  return WriteText(kSuffix, to);
}

uint64_t KeyOfUrl(std::string_view bytes) {
  Take(&bytes, kScheme.size());
  const size_t host = kWebHosts.IndexOf(TakeUntil(&bytes, '/'));
  uint64_t words = 0;
  uint64_t word_of_path = 0;
  uint64_t scale = 1;
  for (; bytes.find('/') != std::string_view::npos; ++words) {
    const auto word = std::find(kPathWords.begin(), kPathWords.end(), TakeUntil(&bytes, '/'));
    word_of_path += static_cast<uint64_t>(word - kPathWords.begin()) * scale;
    scale *= kPathWords.size();
  }
  const uint64_t digits = ReadDigits(TakeUntil(&bytes, '.'));
  return kWebHosts.JoinKey({host, (digits * scale + word_of_path) * kWordsChoices +
                                      (words - kWordsMin) % kWordsChoices});
}

// Tenant and sequence number.

char* WriteBigEndian(uint64_t number, char* to) {
  for (int shift = 56; shift >= 0; shift -= 8) *to++ = static_cast<char>(number >> shift);
  return to;
}

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

constexpr uint64_t kSequenceMask = (uint64_t{1} << kSequenceBits) - 1;

char* WriteComposite(uint64_t key, char* to) {
  return WriteBigEndian(key & kSequenceMask, WriteBigEndian(key >> kSequenceBits, to));
}

uint64_t KeyOfComposite(std::string_view bytes) {
  const uint64_t tenant = ReadBigEndian(Take(&bytes, sizeof(uint64_t)));
  return tenant << kSequenceBits | (ReadBigEndian(bytes) & kSequenceMask);
}

}  // namespace

size_t WriteKeyBytes(KeySpaceKind kind, uint64_t key, char* to) {
  assert(HasByteKeys(kind));
  switch (kind) {
    case KeySpaceKind::kMonoInt:
    case KeySpaceKind::kRandInt:
    case KeySpaceKind::kMonoHc:
      break;
    case KeySpaceKind::kEmail:
      return static_cast<size_t>(WriteMail(key, to) - to);
    case KeySpaceKind::kUrl:
      return static_cast<size_t>(WriteUrl(key, to) - to);
    case KeySpaceKind::kComposite:
      return static_cast<size_t>(WriteComposite(key, to) - to);
  }
  return 0;
}

uint64_t KeyOfBytes(KeySpaceKind kind, std::string_view bytes) {
  assert(HasByteKeys(kind));
  switch (kind) {
    case KeySpaceKind::kMonoInt:
    case KeySpaceKind::kRandInt:
    case KeySpaceKind::kMonoHc:
      break;
    case KeySpaceKind::kEmail:
      return KeyOfMail(bytes);
    case KeySpaceKind::kUrl:
      return KeyOfUrl(bytes);
    case KeySpaceKind::kComposite:
      return KeyOfComposite(bytes);
  }
  return 0;
}

KeyBytes KeyBytes::Of(KeySpaceKind kind, std::span<const Op> ops) {
  KeyBytes keys;
  // Memory that is reserved and never written costs nothing.
  keys.packed_.reserve(ops.size() * (sizeof(Length) + InfoOf(kKeySpaces, kind).key_bytes_max));
  std::array<char, sizeof(Length) + kKeySpaceBytesMax> entry;
  for (const Op& op : ops) {
    const auto length =
        static_cast<Length>(WriteKeyBytes(kind, op.key, entry.data() + sizeof(Length)));
    std::memcpy(entry.data(), &length, sizeof(length));
    keys.packed_.insert(keys.packed_.end(), entry.data(), entry.data() + sizeof(length) + length);
  }
  return keys;
}

}  // namespace bwlab::workload
