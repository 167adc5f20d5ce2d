#include "tools/sim_picture.h"

#include <map>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "protocol/fiber/stack_pool.h"

#include "scenarios/run.h"
#include "tools/sim_choice.h"
#include "tools/sim_picture_recorder.h"
#include "tools/sim_text.h"
#include "tools/sim_trace.h"

namespace holdfast::tools {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using Fate = PictureMessage::Fate;
using SpanKind = PictureSpan::Kind;

scenarios::RunPlan plan_of_seed(std::string_view scenario, std::uint64_t seed) {
  Choice choice;
  choice.scenario = scenarios::find_scenario(scenario);
  choice.sim_time = Duration::milliseconds(500);
  return *plan_of(choice, seed);
}

struct Drawn {
  Picture picture;
  std::uint64_t fingerprint = 0;
};

Drawn draw(const scenarios::RunPlan& plan, PictureWindow window = {}) {
  PictureRecorder recorder(static_cast<int>(plan.world.nodes), window);
  scenarios::RunHooks hooks;
  hooks.watcher = &recorder;
  hooks.events = &recorder;
  hooks.at_start = [&](scenarios::Cluster& cluster) { recorder.attach(cluster); };
  StackPool stacks;
  const scenarios::RunResult result = run(plan, stacks, hooks);
  Drawn drawn{.picture = recorder.take(), .fingerprint = result.fingerprint};
  drawn.picture.scenario = plan.scenario;
  drawn.picture.quorum = static_cast<int>(plan.world.quorum);
  drawn.picture.result = record_of(0, plan.world.seed, result);
  return drawn;
}

std::size_t count_rows(const Picture& picture, PictureGroup group) {
  return static_cast<std::size_t>(
      std::count_if(picture.rows.begin(), picture.rows.end(), [&](const PictureRow& row) {
        return picture.kinds[row.kind].group == group;
      }));
}

// What the picture says of every member at a row, as --until prints it.
std::string states_at(const Picture& picture, const PictureRow& row) {
  std::map<NodeId, const MemberState*> latest;
  for (const PictureState& each : picture.states)
    if (each.step <= row.step) latest[each.node] = &each.state;
  std::string text;
  for (const auto& [node, state] : latest)
    text += fmt::format("{}: {}\n", node.value, to_text(*state));
  return text;
}

std::string states_until(const scenarios::RunPlan& plan, const PictureRow& row) {
  std::string text;
  scenarios::RunHooks hooks;
  hooks.until_event = row.step;
  hooks.at_end = [&](scenarios::Cluster& cluster) {
    for (int i = 0; i < plan.world.nodes; ++i) {
      const NodeId id = sim::node_at(static_cast<unsigned>(i));
      text += fmt::format("{}: {}\n", id.value, to_text(state_of(cluster, id)));
    }
  };
  StackPool stacks;
  run(plan, stacks, hooks);
  return text;
}

// The JSON inside of a page.
Json data_of(const std::string& page) {
  const std::string begin = "<script id=\"data\" type=\"application/json\">";
  const std::size_t from = page.find(begin) + begin.size();
  return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(Picture, ChangesNothingAndMissesNothing) {
  const scenarios::RunPlan plan = plan_of_seed("swarm", 5);
  StackPool stacks;
  const scenarios::RunResult plain = run(plan, stacks);
  const Drawn drawn = draw(plan);
  EXPECT_EQ(drawn.fingerprint, plain.fingerprint);
  const Picture& picture = drawn.picture;
  ASSERT_TRUE(picture.last_sequence);
  std::uint64_t expected = 0;
  for (const PictureRow& row : picture.rows) {
    if (!row.sequence) continue;
    EXPECT_EQ(*row.sequence, expected++);
  }
  EXPECT_EQ(expected, *picture.last_sequence + 1);
  EXPECT_TRUE(std::is_sorted(picture.rows.begin(), picture.rows.end(), [](auto& a, auto& b) {
    return std::pair(a.step, a.time_ns) < std::pair(b.step, b.time_ns);
  }));
  EXPECT_GT(count_rows(picture, PictureGroup::kFrame), 10u);
  const auto& network = plain.counters.network;
  const auto fates = [&](Fate fate) {
    return static_cast<std::uint64_t>(
        std::count_if(picture.messages.begin(), picture.messages.end(), [&](const auto& each) {
          return each.fate == fate;
        }));
  };
  EXPECT_EQ(picture.messages.size(), network.sent + network.duplicated);
  EXPECT_EQ(fates(Fate::kLost), network.lost);
  EXPECT_EQ(fates(Fate::kCut), network.cut);
  EXPECT_EQ(fates(Fate::kDelivered) + fates(Fate::kReceiverDown), network.delivered);
}

TEST(Picture, ShowsTheStatesThatUntilShows) {
  for (const std::uint64_t seed : {2, 5, 11}) {
    const scenarios::RunPlan plan = plan_of_seed("swarm", seed);
    const Picture picture = draw(plan).picture;
    const std::size_t every = picture.rows.size() / 12 + 1;
    for (std::size_t i = every; i < picture.rows.size(); i += every) {
      const PictureRow& row = picture.rows[i];
      EXPECT_EQ(states_at(picture, row), states_until(plan, row))
          << "seed " << seed << " row " << i;
    }
  }
}

TEST(Picture, KnowsWhatAMemberKnowsOfAPosition) {
  const Picture picture = draw(plan_of_seed("duel", 3)).picture;
  std::set<std::string> words;
  for (const PictureRecord& each : picture.records)
    words.insert(picture.texts[each.text].substr(0, picture.texts[each.text].find(' ')));
  EXPECT_THAT(words, testing::IsSupersetOf({"accepted", "learned", "promised"}));
}

TEST(Picture, SpansHaveBeginningEndAndOutcome) {
  const Picture picture = draw(plan_of_seed("duel", 3)).picture;
  std::map<SpanKind, int> kinds;
  for (const PictureSpan& span : picture.spans) {
    ++kinds[span.kind];
    ASSERT_LT(span.first, picture.rows.size());
    if (!span.last) continue;
    EXPECT_LE(span.first, *span.last);
    EXPECT_NE(span.outcome, "") << span.text;
  }
  EXPECT_GT(kinds[SpanKind::kOperation], 0);
  EXPECT_GT(kinds[SpanKind::kReign], 0);
  EXPECT_GT(kinds[SpanKind::kCandidacy], 0);
}

TEST(Picture, AWindowBeginsWithWhatIsThere) {
  const scenarios::RunPlan plan = plan_of_seed("duel", 3);
  const Picture whole = draw(plan).picture;
  const std::uint64_t middle = *whole.last_sequence / 2;
  const Picture part = draw(plan, {.from = middle, .to = middle + 20}).picture;
  ASSERT_FALSE(part.rows.empty());
  EXPECT_EQ(part.rows.front().sequence, middle);
  EXPECT_EQ(part.rows.back().sequence, middle + 20);
  const auto same = std::find_if(whole.rows.begin(), whole.rows.end(), [&](const auto& row) {
    return row.sequence == middle + 10;
  });
  EXPECT_EQ(states_at(part, *same), states_at(whole, *same));
  EXPECT_EQ(problem_of(part), "");
}

TEST(Picture, SaysWhyItCannotBeShown) {
  Picture picture;
  picture.last_sequence = 99'000;
  picture.rows_seen = Picture::kRowsMax + 1;
  picture.result.found.push_back({.property = "agreement", .event = 50'000});
  EXPECT_THAT(problem_of(picture), HasSubstr("400,001 lines"));
  EXPECT_THAT(problem_of(picture), HasSubstr("--from 48000 --to 50200"));
  picture.rows_seen = 5;
  EXPECT_EQ(problem_of(picture), "");
  picture.window.from = 100'000;
  EXPECT_EQ(problem_of(picture), "--from 100000: the run has no such event; the last one is 99000");
  picture.window = {.from = 1, .to = 100'000};
  EXPECT_EQ(problem_of(picture), "--to 100000: the run has no such event; the last one is 99000");
}

// Frames and their fates, noted by hand.
class FramesTest : public testing::Test {
 protected:
  using Moment = sim::FrameMoment;

  void note(Moment moment, const Frame& frame, std::uint8_t from = 1, std::uint8_t to = 2) {
    recorder_.on_frame({Instant(), moment, NodeId{from}, NodeId{to}, frame});
  }

  // An event of the world is over.
  void pass() { recorder_.on_world_event({.index = events_++}); }

  PictureRecorder recorder_{2, {}};
  const Frame frame_ = std::make_shared<const std::string>("frame");
  std::uint64_t events_ = 0;
};

TEST_F(FramesTest, EndWhereTheyEnd) {
  note(Moment::kSent, frame_);
  note(Moment::kLost, frame_);
  note(Moment::kSent, frame_);
  note(Moment::kCut, frame_);
  note(Moment::kSent, frame_);
  pass();
  note(Moment::kCut, frame_);
  const Picture picture = recorder_.take();
  ASSERT_EQ(picture.messages.size(), 3u);
  EXPECT_EQ(picture.messages[0].fate, Fate::kLost);
  EXPECT_EQ(picture.messages[1].fate, Fate::kCut);
  // The first was cut off when it was sent, the other when it arrived.
  EXPECT_EQ(picture.rows[*picture.messages[1].ended].node, NodeId{1});
  EXPECT_EQ(picture.rows[*picture.messages[2].ended].node, NodeId{2});
}

TEST_F(FramesTest, AreHeldAndLetGo) {
  note(Moment::kSent, frame_);
  pass();
  note(Moment::kHeld, frame_);
  pass();
  note(Moment::kDelivered, frame_);
  const Picture picture = recorder_.take();
  ASSERT_EQ(picture.messages.size(), 1u);
  EXPECT_EQ(picture.messages[0].held, 1u);
  EXPECT_EQ(picture.messages[0].ended, 2u);
  EXPECT_EQ(picture.messages[0].fate, Fate::kDelivered);
}

TEST_F(FramesTest, OfTwoCopiesOneMayBeDamaged) {
  const Frame damaged = std::make_shared<const std::string>("f?ame");
  note(Moment::kSent, frame_);
  note(Moment::kDuplicated, frame_);
  note(Moment::kDamaged, damaged);
  pass();
  note(Moment::kDelivered, frame_);
  pass();
  note(Moment::kReceiverDown, damaged);
  const Picture picture = recorder_.take();
  ASSERT_EQ(picture.messages.size(), 2u);
  EXPECT_TRUE(picture.messages[0].damaged);
  EXPECT_EQ(picture.messages[0].fate, Fate::kReceiverDown);
  EXPECT_TRUE(picture.messages[1].duplicate);
  EXPECT_EQ(picture.messages[1].sent, 0u);
  EXPECT_EQ(picture.messages[1].fate, Fate::kDelivered);
}

TEST(PicturePage, HoldsTheRunAsJson) {
  const Picture picture = draw(plan_of_seed("duel", 3)).picture;
  const std::string page = page_of(picture);
  EXPECT_THAT(page, Not(HasSubstr("{{")));
  EXPECT_THAT(page, Not(HasSubstr("http://")));
  EXPECT_THAT(page, Not(HasSubstr("https://")));
  const Json data = data_of(page);
  EXPECT_EQ(data["schema"], "holdfast-sim/picture/1");
  EXPECT_EQ(data["run"]["scenario"], "duel");
  EXPECT_EQ(data["run"]["outcome"], "passed");
  for (const char* column :
       {"time", "step", "node", "kind", "text", "event", "position", "message"})
    EXPECT_EQ(data["rows"][column].size(), picture.rows.size()) << column;
  EXPECT_EQ(data["messages"]["fate"].size(), picture.messages.size());
  EXPECT_EQ(data["states"].size(), picture.states.size());
}

TEST(PicturePage, NoTextBreaksOutOfIt) {
  const std::string evil = "</script><script>alert(1)</script><!-- \"\\ \x01 \xff {{js}}";
  Picture picture;
  picture.scenario = evil;
  picture.replay = evil;
  picture.texts = {evil};
  picture.kinds = {{evil, PictureGroup::kPoint}};
  picture.rows = {PictureRow{}};
  picture.result.note = evil;
  picture.result.figures.exit_code = kExitSafety;
  picture.result.found.push_back({.property = evil, .kind = "safety", .text = evil});
  const std::string page = page_of(picture);
  const std::size_t data = page.find("<script id=\"data\"");
  const std::size_t end = page.find("</script>", data);
  EXPECT_EQ(page.substr(data, end - data).find("<", 1), std::string::npos);
  EXPECT_THAT(page.substr(0, data), Not(HasSubstr("<script")));
  const Json json = data_of(page);
  EXPECT_THAT(json["texts"][0].get<std::string>(), HasSubstr("</script><script>alert(1)"));
  EXPECT_THAT(json["run"]["failures"][0]["text"].get<std::string>(), HasSubstr("{{js}}"));
}

TEST(PicturePage, SaysWhatTheBrokenPropertySays) {
  Picture picture;
  picture.result.figures.exit_code = kExitSafety;
  picture.result.found = {{.property = "no_abort", .kind = "crash", .event = 3},
                          {.property = "agreement", .kind = "safety", .event = 7}};
  const Json failures = data_of(page_of(picture))["run"]["failures"];
  ASSERT_EQ(failures.size(), 2u);
  // The heaviest first.
  EXPECT_EQ(failures[0]["property"], "agreement");
  EXPECT_THAT(failures[0]["statement"].get<std::string>(), HasSubstr("at most one value"));
}

TEST(ShellWord, IsWhatAShellReads) {
  EXPECT_EQ(shell_word("holdfast-failures/canary-7.plan"), "holdfast-failures/canary-7.plan");
  EXPECT_EQ(shell_word("two words"), "'two words'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Perfetto, IsATraceThatBrowsersLoad) {
  const Picture picture = draw(plan_of_seed("duel", 3)).picture;
  const Json trace = Json::parse(perfetto_of(picture));
  std::map<std::pair<int, int>, int> depth;
  std::map<std::string, std::vector<std::string>> phases;
  std::map<int, double> begun;
  double last = 0;
  std::size_t instants = 0;
  for (const Json& event : trace["traceEvents"]) {
    const std::string phase = event["ph"];
    if (phase == "M") continue;
    EXPECT_GE(event["ts"].get<double>(), last);
    last = event["ts"];
    const std::pair track(event["pid"].get<int>(), event["tid"].get<int>());
    if (phase == "B") ++depth[track];
    if (phase == "E") --depth[track];
    EXPECT_GE(depth[track], 0);
    if (phase == "i") ++instants;
    if (phase == "s") begun[event["id"]] = last;
    // A flow ends after it began, inside a slice, as it began.
    const bool flows = phase == "s" || phase == "f";
    EXPECT_TRUE(!flows || depth[track] == 1);
    if (phase == "f") {
      EXPECT_EQ(begun.erase(event["id"].get<int>()), 1u);
    }
    if (phase == "b" || phase == "e") {
      phases[event["cat"].get<std::string>() + event["id"].dump() + event["pid"].dump()].push_back(
          phase);
    }
  }
  EXPECT_TRUE(begun.empty()) << "flows without an end";
  for (const auto& [track, open] : depth)
    EXPECT_EQ(open, 0) << "process " << track.first << " thread " << track.second;
  for (const auto& [id, seen] : phases)
    EXPECT_EQ(seen, (std::vector<std::string>{"b", "e"})) << id;
  EXPECT_GE(phases.size(), picture.spans.size());
  EXPECT_EQ(instants, picture.rows.size() - count_rows(picture, PictureGroup::kFrame));
}

}  // namespace
}  // namespace holdfast::tools
