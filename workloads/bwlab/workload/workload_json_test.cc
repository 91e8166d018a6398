#include "bwlab/workload/workload_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>

#include "bwlab/workload/key_space.h"

namespace bwlab::workload {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kDirectory = BWLAB_WORKLOADS_DIR;

Json Valid() {
  return Json::parse(R"({"schema_version": 1, "name": "w", "title": "t", "source": "s",
    "mix": {"read": 0.5, "scan": 0.5},
    "request": {"distribution": "zipfian", "theta": 0.99, "scrambled": false},
    "scan": {"distribution": "uniform", "length_min": 1, "length_max": 100}})");
}

// The error after `patch` (an RFC 7386 merge patch: null removes) was laid over the valid workload.
std::string ErrorWith(const char* patch) {
  Json json = Valid();
  json.merge_patch(Json::parse(patch));
  return ParseWorkload(json, "w.json").error;
}

TEST(WorkloadJson, ReadsEveryField) {
  const WorkloadParse parse = ParseWorkload(Valid(), "w.json");
  ASSERT_TRUE(parse.ok()) << parse.error;
  EXPECT_EQ(parse.spec.name, "w");
  EXPECT_EQ(parse.spec.title, "t");
  EXPECT_EQ(parse.spec.source, "s");
  EXPECT_EQ(parse.spec.Share(OpKind::kRead), 0.5);
  EXPECT_EQ(parse.spec.Share(OpKind::kScan), 0.5);
  EXPECT_FALSE(parse.spec.Has(OpKind::kUpdate));
  EXPECT_EQ(parse.spec.request.distribution, DistributionKind::kZipfian);
  EXPECT_EQ(parse.spec.request.theta, 0.99);
  EXPECT_FALSE(parse.spec.request.scrambled);
  EXPECT_EQ(parse.spec.scan.length_min, 1);
  EXPECT_EQ(parse.spec.scan.length_max, 100);
}

TEST(WorkloadJson, ErrorsNameThePlaceTheValueAndWhatIsAllowed) {
  const std::map<const char*, const char*> cases = {
      {R"({"mixx": {}})",
       "w.json: unknown key \"mixx\"; did you mean \"mix\"? Choices: schema_version, name, title, "
       "source, mix, request, scan, phases"},
      {R"({"schema_version": 2})", "w.json: /schema_version: must be 1, but is 2"},
      {R"({"schema_version": null})", "w.json: the key \"schema_version\" is missing"},
      {R"({"name": null})", "w.json: the key \"name\" is missing"},
      {R"({"name": "../a"})",
       "w.json: /name: must be 1 to 128 of the characters A-Z a-z 0-9 . _ -, but is \"../a\""},
      {R"({"title": ""})", "w.json: /title: must be a text of 1 to 1000 bytes, but is \"\""},
      {R"({"source": 3})", "w.json: /source: must be a text of 1 to 1000 bytes, but is 3"},
      {R"({"mix": 1})", "w.json: /mix: must be an object, but is 1"},
      {R"({"mix": {"raed": 0.5}})",
       "w.json: /mix: unknown key \"raed\"; did you mean \"read\"? Choices: read, update, insert, "
       "upsert, delete, read_modify_write, scan, reverse_scan"},
      {R"({"mix": {"read": -0.5}})",
       "w.json: /mix/read: must be a number from 0 to 1, but is -0.5"},
      {R"({"mix": {"read": "0.5"}})",
       "w.json: /mix/read: must be a number from 0 to 1, but is \"0.5\""},
      {R"({"mix": {"read": [1]}})",
       "w.json: /mix/read: must be a number from 0 to 1, but is an array"},
      {R"({"mix": {"read": 0.25}})", "w.json: /mix: the shares must sum to 1, but sum to 0.75"},
      {R"({"mix": {"read": null, "scan": null}})",
       "w.json: /mix: the shares must sum to 1, but sum to 0.0"},
      {R"({"request": null})", "w.json: the key \"request\" is missing"},
      {R"({"request": {"thet": 1}})",
       "w.json: /request: unknown key \"thet\"; did you mean \"theta\"? Choices: distribution, "
       "theta, scrambled, set_fraction, op_fraction, first, percentile, fraction, h, keyrange_num, "
       "keyrange_dist_a, keyrange_dist_b, keyrange_dist_c, keyrange_dist_d, key_dist_a, "
       "key_dist_b"},
      {R"({"request": {"distribution": "zipf"}})",
       "w.json: /request/distribution: unknown distribution \"zipf\"; did you mean \"zipfian\"? "
       "Choices: uniform, zipfian, "
       "latest, hotspot, exponential, self_similar, sequential, mixgraph"},
      {R"({"request": {"distribution": 3}})",
       "w.json: /request/distribution: unknown distribution 3; Choices: uniform, zipfian, latest, "
       "hotspot, exponential, self_similar, sequential, mixgraph"},
      {R"({"request": {"theta": null}})", "w.json: /request: the key \"theta\" is missing"},
      {R"({"request": {"theta": 0}})",
       "w.json: /request/theta: must be a number above 0 and at most 10, but is 0"},
      {R"({"request": {"theta": 10.5}})",
       "w.json: /request/theta: must be a number above 0 and at most 10, but is 10.5"},
      {R"({"request": {"distribution": "uniform"}})",
       "w.json: /request/theta: is not used by uniform, only by zipfian, latest"},
      {R"({"request": {"distribution": "latest"}})",
       "w.json: /request/scrambled: is not used by latest, only by zipfian, hotspot, self_similar"},
      {R"({"request": {"scrambled": 1}})",
       "w.json: /request/scrambled: must be true or false, but is 1"},
      {R"({"scan": null})", "w.json: the key \"scan\" is missing"},
      {R"({"scan": {"distribution": "zipfian"}})",
       "w.json: /scan/distribution: unknown distribution \"zipfian\"; Choices: uniform, pareto"},
      {R"({"scan": {"k": 1}})", "w.json: /scan/k: is not used by uniform, only by pareto"},
      {R"({"scan": {"distribution": "pareto"}})",
       "w.json: /scan/length_min: is not used by pareto, only by uniform"},
      {R"({"scan": {"distribution": "pareto", "length_min": null, "k": 2.5}})",
       "w.json: /scan: the key \"sigma\" is missing"},
      {R"({"scan": {"distribution": "pareto", "length_min": null, "k": -1, "sigma": 1}})",
       "w.json: /scan/k: must be a number from 0 to 10, but is -1"},
      {R"({"scan": {"length_min": 0}})",
       "w.json: /scan/length_min: must be an integer from 1 to 65535, but is 0"},
      {R"({"scan": {"length_max": 65536}})",
       "w.json: /scan/length_max: must be an integer from 1 to 65535, but is 65536"},
      {R"({"scan": {"length_max": 1.5}})",
       "w.json: /scan/length_max: must be an integer from 1 to 65535, but is 1.5"},
      {R"({"scan": {"length_max": -1}})",
       "w.json: /scan/length_max: must be an integer from 1 to 65535, but is -1"},
      {R"({"scan": {"length_min": 101}})",
       "w.json: /scan/length_min: is 101, more than length_max, which is 100"},
      {R"({"mix": {"scan": null, "read": 1}})", "w.json: /scan: is not used: the mix has no scans"},
      {R"({"mix": {"scan": null, "read": null, "insert": 1}})",
       "w.json: /request: is not used: the mix has inserts only"},
  };
  for (const auto& [patch, error] : cases) EXPECT_EQ(ErrorWith(patch), error) << patch;
}

// The parameters of each distribution, from inside their bounds.
const std::map<DistributionKind, Json> kRequests = {
    {DistributionKind::kUniform, {}},
    {DistributionKind::kZipfian, {{"theta", 0.5}, {"scrambled", false}}},
    {DistributionKind::kLatest, {{"theta", 10}}},
    {DistributionKind::kHotspot,
     {{"set_fraction", 0.2}, {"op_fraction", 1}, {"first", 0.75}, {"scrambled", true}}},
    {DistributionKind::kExponential, {{"percentile", 95}, {"fraction", 1}}},
    {DistributionKind::kSelfSimilar, {{"h", 0.2}, {"scrambled", false}}},
    {DistributionKind::kSequential, {}},
    {DistributionKind::kMixGraph,
     {{"keyrange_num", 30},
      {"keyrange_dist_a", 14.18},
      {"keyrange_dist_b", -2.917},
      {"keyrange_dist_c", 0.0164},
      {"keyrange_dist_d", -0.08082},
      {"key_dist_a", 0.002312},
      {"key_dist_b", 0.3467}}},
};

Json WithRequest(DistributionKind kind) {
  Json json = Valid();
  json["request"] = kRequests.at(kind).is_null() ? Json::object() : kRequests.at(kind);
  json["request"]["distribution"] = ToString(kind);
  return json;
}

TEST(WorkloadJson, EachDistributionReadsBackFromItsJson) {
  for (const DistributionInfo& info : kDistributions) {
    const Json json = WithRequest(info.kind);
    const WorkloadParse parse = ParseWorkload(json, "w.json");
    ASSERT_TRUE(parse.ok()) << parse.error;
    EXPECT_EQ(parse.spec.request.distribution, info.kind);
    EXPECT_EQ(ToJson(parse.spec)["request"], json["request"]);
  }
}

// Each parameter with each distribution: there where it is used, refused where it is not.
TEST(WorkloadJson, DistributionsTakeTheirParametersAndNoOthers) {
  for (const DistributionInfo& info : kDistributions) {
    for (const auto& parameter : kRequestParameters) {
      const std::string name(parameter.name);
      Json json = WithRequest(info.kind);
      if (parameter.used_by.Has(info.kind)) {
        ASSERT_TRUE(json["request"].contains(name)) << info.name << " " << name;
        json["request"].erase(name);
        EXPECT_EQ(
            ParseWorkload(json, "w.json").error,
            parameter.optional ? "" : "w.json: /request: the key \"" + name + "\" is missing");
        json["request"][name] = "0.2";
        EXPECT_TRUE(ParseWorkload(json, "w.json")
                        .error.starts_with("w.json: /request/" + name + ": must be "));
      } else {
        json["request"][name] = 0.2;
        EXPECT_TRUE(ParseWorkload(json, "w.json")
                        .error.starts_with("w.json: /request/" + name + ": is not used by " +
                                           std::string(info.name) + ", only by "));
      }
    }
  }
}

TEST(WorkloadJson, ParametersStayWithinTheirBounds) {
  struct Case {
    DistributionKind kind;
    const char* name;
    Json value;
    const char* error;
  };
  const Case cases[] = {
      {DistributionKind::kHotspot, "set_fraction", 0, "above 0 and below 1, but is 0"},
      {DistributionKind::kHotspot, "set_fraction", 1.0, "above 0 and below 1, but is 1.0"},
      {DistributionKind::kHotspot, "op_fraction", 1.5, "from 0 to 1, but is 1.5"},
      {DistributionKind::kHotspot, "op_fraction", -1, "from 0 to 1, but is -1"},
      {DistributionKind::kHotspot, "first", 1, "at least 0 and below 1, but is 1"},
      {DistributionKind::kExponential, "percentile", 100,
       "at least 0.001 and below 100, but is 100"},
      {DistributionKind::kExponential, "percentile", 0, "at least 0.001 and below 100, but is 0"},
      {DistributionKind::kExponential, "fraction", 0, "above 0 and at most 1, but is 0"},
      {DistributionKind::kSelfSimilar, "h", 0.5, "at least 0.001 and below 0.5, but is 0.5"},
      {DistributionKind::kMixGraph, "key_dist_a", 0, "above 0 and at most 1, but is 0"},
      {DistributionKind::kMixGraph, "keyrange_dist_b", 101, "from -100 to 100, but is 101"},
      {DistributionKind::kSelfSimilar, "h", 0, "at least 0.001 and below 0.5, but is 0"},
  };
  for (const Case& c : cases) {
    Json json = WithRequest(c.kind);
    json["request"][c.name] = c.value;
    EXPECT_EQ(ParseWorkload(json, "w.json").error,
              std::string("w.json: /request/") + c.name + ": must be a number " + c.error);
  }
}

TEST(WorkloadJson, ParametersOfMixGraphFitTogether) {
  Json json = WithRequest(DistributionKind::kMixGraph);
  json["request"]["key_dist_b"] = 0.01;
  EXPECT_EQ(
      ParseWorkload(json, "w.json").error,
      "w.json: /request: key_dist_a^(-1/key_dist_b) must be at most 2^62, but is about 2^876");
  json["request"]["keyrange_num"] = 0;
  EXPECT_EQ(ParseWorkload(json, "w.json").error,
            "w.json: /request/keyrange_num: must be an integer from 1 to 1048576, but is 0");
}

TEST(WorkloadJson, ScanLengthsReadBackFromTheirJson) {
  Json json = Valid();
  json["scan"] = {
      {"distribution", "pareto"}, {"k", 2.517}, {"sigma", 14.236}, {"length_max", 10000}};
  const WorkloadParse parse = ParseWorkload(json, "w.json");
  ASSERT_TRUE(parse.ok()) << parse.error;
  EXPECT_EQ(parse.spec.scan.distribution, ScanDistributionKind::kPareto);
  EXPECT_EQ(parse.spec.scan.sigma, 14.236);
  EXPECT_EQ(ToJson(parse.spec)["scan"], json["scan"]);
}

Json WithPhases() {
  return Json::parse(R"({"schema_version": 1, "name": "w", "title": "t", "source": "s", "phases": [
    {"share": 0.25, "mix": {"insert": 1}},
    {"share": 0.75, "mix": {"read": 0.5, "scan": 0.5}, "request": {"distribution": "uniform"},
     "scan": {"distribution": "uniform", "length_min": 1, "length_max": 100}}]})");
}

TEST(WorkloadJson, PhasesReadBackFromTheirJson) {
  const WorkloadParse parse = ParseWorkload(WithPhases(), "w.json");
  ASSERT_TRUE(parse.ok()) << parse.error;
  ASSERT_EQ(parse.spec.phases.size(), 2u);
  EXPECT_EQ(parse.spec.phases[0].share, 0.25);
  EXPECT_TRUE(parse.spec.phases[0].InsertsOnly());
  EXPECT_EQ(parse.spec.phases[1].scan.length_max, 100);
  EXPECT_EQ(parse.spec.Share(OpKind::kScan), 0.375);
  EXPECT_EQ(ParseWorkload(ToJson(parse.spec), "again").spec, parse.spec);
}

TEST(WorkloadJson, ErrorsInPhasesNameTheirPlace) {
  const auto error_with = [](const char* pointer, const Json& value) {
    Json json = WithPhases();
    json[Json::json_pointer(pointer)] = value;
    return ParseWorkload(json, "w.json").error;
  };
  EXPECT_EQ(error_with("/mix", {{"read", 1}}),
            "w.json: /mix: is not used: each of the phases has its own");
  EXPECT_EQ(error_with("/phases", 3),
            "w.json: /phases: must be an array of 1 to 64 phases, but is 3");
  EXPECT_EQ(error_with("/phases", Json::array()),
            "w.json: /phases: must be an array of 1 to 64 phases, but is one of 0");
  EXPECT_EQ(error_with("/phases", Json(65, WithPhases()["phases"][0])),
            "w.json: /phases: must be an array of 1 to 64 phases, but is one of 65");
  EXPECT_EQ(error_with("/phases/0", "x"), "w.json: /phases/0: must be an object, but is \"x\"");
  EXPECT_EQ(error_with("/phases/0/share", 0),
            "w.json: /phases/0/share: must be a number above 0 and at most 1, but is 0");
  EXPECT_EQ(error_with("/phases/0/share", 0.5),
            "w.json: /phases: the shares must sum to 1, but sum to 1.25");
  EXPECT_EQ(error_with("/phases/1/rate", 1),
            "w.json: /phases/1: unknown key \"rate\"; Choices: share, mix, request, scan");
  EXPECT_EQ(error_with("/phases/1/mix/read", 2),
            "w.json: /phases/1/mix/read: must be a number from 0 to 1, but is 2");
  EXPECT_EQ(error_with("/phases/1/request/theta", 1),
            "w.json: /phases/1/request/theta: is not used by uniform, only by zipfian, latest");
  EXPECT_EQ(error_with("/phases/0/request", {{"distribution", "uniform"}}),
            "w.json: /phases/0/request: is not used: the mix has inserts only");
}

TEST(WorkloadJson, ErrorsNameThePlaceInALargerDocument) {
  Json json = Valid();
  json["mix"]["read"] = 2;
  EXPECT_EQ(ParseWorkload(json, "spec.json", "/base/workload").error,
            "spec.json: /base/workload/mix/read: must be a number from 0 to 1, but is 2");
  EXPECT_EQ(ParseWorkload(Json(3), "spec.json").error, "spec.json: must be an object, but is 3");
}

TEST(WorkloadJson, SumsWithinRoundingAreAccepted) {
  Json json = Valid();
  json["mix"] = {{"read", 0.1}, {"update", 0.2}, {"scan", 0.7}};
  EXPECT_TRUE(ParseWorkload(json, "w.json").ok());
  json["mix"]["scan"] = 0.7 + 1e-8;
  EXPECT_FALSE(ParseWorkload(json, "w.json").ok());
}

TEST(WorkloadFiles, EachReadsBackFromItsJson) {
  const std::vector<std::string> names = WorkloadNames(kDirectory);
  EXPECT_EQ(names,
            (std::vector<std::string>{"delete_mix", "growing", "load", "mixgraph", "reverse_scan",
                                      "shifting_hotspot", "uniform_read", "ycsb_a", "ycsb_b",
                                      "ycsb_c", "ycsb_d", "ycsb_e", "ycsb_f"}));
  for (const std::string& name : names) {
    const WorkloadParse parse = LoadWorkload(kDirectory, name);
    ASSERT_TRUE(parse.ok()) << parse.error;
    EXPECT_EQ(parse.spec.name, name);
    const WorkloadParse again = ParseWorkload(ToJson(parse.spec), "again");
    ASSERT_TRUE(again.ok()) << again.error;
    EXPECT_EQ(again.spec, parse.spec);
  }
}

TEST(WorkloadFiles, YcsbIsAsPublished) {
  struct Published {
    const char* name;
    std::map<OpKind, double> mix;
    DistributionKind distribution;
  };
  const Published published[] = {
      {"ycsb_a", {{OpKind::kRead, 0.5}, {OpKind::kUpdate, 0.5}}, DistributionKind::kZipfian},
      {"ycsb_b", {{OpKind::kRead, 0.95}, {OpKind::kUpdate, 0.05}}, DistributionKind::kZipfian},
      {"ycsb_c", {{OpKind::kRead, 1}}, DistributionKind::kZipfian},
      {"ycsb_d", {{OpKind::kRead, 0.95}, {OpKind::kInsert, 0.05}}, DistributionKind::kLatest},
      {"ycsb_e", {{OpKind::kScan, 0.95}, {OpKind::kInsert, 0.05}}, DistributionKind::kZipfian},
      {"ycsb_f",
       {{OpKind::kRead, 0.5}, {OpKind::kReadModifyWrite, 0.5}},
       DistributionKind::kZipfian},
  };
  for (const Published& workload : published) {
    const WorkloadParse parse = LoadWorkload(kDirectory, workload.name);
    ASSERT_TRUE(parse.ok()) << parse.error;
    for (const OpKind kind : kAllOpKinds) {
      const auto share = workload.mix.find(kind);
      EXPECT_EQ(parse.spec.Share(kind), share == workload.mix.end() ? 0 : share->second);
    }
    EXPECT_EQ(parse.spec.request.distribution, workload.distribution);
    EXPECT_EQ(parse.spec.request.theta, 0.99);
    EXPECT_TRUE(parse.spec.MissIsError());
  }
  const WorkloadSpec e = LoadWorkload(kDirectory, "ycsb_e").spec;
  EXPECT_EQ(e.scan.length_min, 1);
  EXPECT_EQ(e.scan.length_max, 100);
}

TEST(WorkloadFiles, OfThisProjectAreWhatTheirTitlesSay) {
  const WorkloadSpec deletes = LoadWorkload(kDirectory, "delete_mix").spec;
  EXPECT_EQ(deletes.Share(OpKind::kInsert), deletes.Share(OpKind::kDelete));
  EXPECT_FALSE(deletes.MissIsError());

  const WorkloadSpec reverse = LoadWorkload(kDirectory, "reverse_scan").spec;
  WorkloadSpec forward = LoadWorkload(kDirectory, "ycsb_e").spec;
  std::swap(forward.mix[IndexOf(OpKind::kScan)], forward.mix[IndexOf(OpKind::kReverseScan)]);
  EXPECT_EQ(static_cast<const TrafficSpec&>(reverse), forward);
}

TEST(WorkloadFiles, ThatChangeOverTimeDoAsTheirTitlesSay) {
  const WorkloadSpec hotspot = LoadWorkload(kDirectory, "shifting_hotspot").spec;
  ASSERT_EQ(hotspot.phases.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    PhaseSpec moved = hotspot.phases[0];
    moved.request.first = 0.25 * static_cast<double>(i);
    EXPECT_EQ(hotspot.phases[i], moved);
  }
  const WorkloadSpec growing = LoadWorkload(kDirectory, "growing").spec;
  ASSERT_EQ(growing.phases.size(), 4u);
  EXPECT_EQ(growing.phases[0].Share(OpKind::kInsert), 0);
  for (size_t i = 1; i < 4; ++i) {
    EXPECT_GT(growing.phases[i].Share(OpKind::kInsert),
              growing.phases[i - 1].Share(OpKind::kInsert));
  }
}

TEST(WorkloadFiles, MixGraphIsAsPublished) {
  const WorkloadSpec spec = LoadWorkload(kDirectory, "mixgraph").spec;
  EXPECT_EQ(spec.Share(OpKind::kRead), 0.83);
  EXPECT_EQ(spec.Share(OpKind::kUpsert), 0.14);
  EXPECT_EQ(spec.Share(OpKind::kScan), 0.03);
  EXPECT_EQ(ToJson(spec)["request"], WithRequest(DistributionKind::kMixGraph)["request"]);
}

TEST(WorkloadFiles, AnUnknownNameGetsASuggestion) {
  const std::string error = LoadWorkload(kDirectory, "ycbs_a").error;
  EXPECT_EQ(error,
            "unknown workload \"ycbs_a\"; did you mean \"ycsb_a\"? Choices: delete_mix, growing, "
            "load, mixgraph, reverse_scan, shifting_hotspot, uniform_read, ycsb_a, ycsb_b, ycsb_c, "
            "ycsb_d, "
            "ycsb_e, ycsb_f");
  EXPECT_FALSE(LoadWorkload(kDirectory, "../workloads/ycsb_a").ok());
  EXPECT_EQ(LoadWorkload("/no/such/directory", "x").error,
            "unknown workload \"x\"; there are none to choose from");
}

TEST(WorkloadFiles, TheFileIsCalledAsTheWorkload) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "other_name.json";
  std::filesystem::copy_file(kDirectory / "ycsb_c.json", path,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(
      LoadWorkloadFile(path).error,
      path.string() + ": /name: must be \"other_name\" as the file is called, but is \"ycsb_c\"");
  std::filesystem::remove(path);
}

TEST(WorkloadFiles, AndWhatTheyChooseFromStandInTheReadme) {
  std::ifstream file(kDirectory / "README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), {}};
  const auto expect = [&readme](std::string_view name) {
    EXPECT_NE(readme.find(std::string("`").append(name).append("`")), std::string::npos) << name;
  };
  for (const std::string& name : WorkloadNames(kDirectory)) {
    if (name < "ycsb_b" || name > "ycsb_e") expect(name);  // "`ycsb_a` to `ycsb_f`"
  }
  for (const std::string_view name : kOpKindNames) expect(name);
  for (const DistributionInfo& info : kDistributions) expect(info.name);
  for (const ScanDistributionInfo& info : kScanDistributions) expect(info.name);
  for (const KeySpaceInfo& info : kKeySpaces) expect(info.name);
  for (const auto& parameter : kScanParameters) expect(parameter.name);
  for (const auto& parameter : kRequestParameters) {
    if (parameter.name == "keyrange_dist_b" || parameter.name == "keyrange_dist_c") continue;
    expect(parameter.name);
  }
}

}  // namespace
}  // namespace bwlab::workload
