#include "scenarios/cluster_options.h"

#include <algorithm>
#include <array>
#include <limits>

#include "sim/keyed_random.h"
#include "sim/knobs.h"

namespace holdfast::scenarios {
namespace {

using sim::Knob;
using sim::KnobUnit;

constexpr std::array<std::string_view, 2> kStoreNames{"leveldb", "memory"};
constexpr std::int64_t kHour = 3'600'000'000'000;

constexpr Knob count(std::string_view name,
                     std::int64_t min,
                     std::int64_t max,
                     std::string_view help) {
  return {name, KnobUnit::kCount, min, max, help, {}};
}

constexpr Knob time(std::string_view name, std::int64_t min, std::string_view help) {
  return {name, KnobUnit::kTime, min, kHour, help, {}};
}

template <typename Options, typename Visit>
void visit_elector(Options& o, Visit&& visit) {
  visit(count("log.elector", 0, 1, "1: members elect by themselves"), o.elector);
  visit(time("log.heartbeat_interval", 1, "a coordinator says that it is alive every"),
        o.heartbeat_interval);
  visit(time("log.election_timeout", 1, "a member that hears none canvasses after"),
        o.election_timeout);
  visit(count("log.preferred", 0, 7, "the member that should coordinate; 0: any"), o.preferred);
  visit(count("judge.elections_max", 0, 1'000'000, "more elections are churn; 0: never"),
        o.elections_max);
  visit(time("judge.leaderless_max", 0, "longer without a coordinator is too long; 0: never"),
        o.leaderless_max);
}

// Calls visit(const Knob&, field&) for every setting, always in the same order.
template <typename Options, typename Visit>
void visit_options(Options& o, Visit&& visit) {
  visit(Knob{"store", KnobUnit::kName, 0, 1, "where members keep their records", kStoreNames},
        o.store);
  visit(count("store.write_buffer_bytes", 64 << 10, 64 << 20, "LevelDB's memtable"),
        o.write_buffer_bytes);
  visit(count("store.directory_sync", 0, 1, "0: directories are not synced (a planted fault)"),
        o.directory_sync);
  visit(count("canary", 0, 1, "1: replies leave before their sync (a planted bug)"), o.canary);
  visit(count("compat.d1", 0, 1, "1: votes raise no promise, as in Mesos (a planted bug)"),
        o.compat_d1);
  visit(count("compat.d2", 0, 1, "1: wiped members rejoin as in Mesos (a planted bug)"),
        o.compat_d2);
  visit(count("compat.d3", 0, 1, "1: refused coordinators stay, as in Mesos (a planted bug)"),
        o.compat_d3);
  visit(count("compat.d8", 0, 1, "1: ballots for all catch-up, as in Mesos (slow, not unsafe)"),
        o.compat_d8);
  visit(count("compat.d14", 0, 1, "1: elections do not settle, as in Mesos (a planted bug)"),
        o.compat_d14);
  visit(count("clients.careless", 0, 1, "1: clients go on after a refused write"),
        o.careless_clients);
  visit(count("log.first_position", 0, 1'000'000'000'000'000, "where the log starts"),
        o.first_position);
  visit(count("log.auto_initialise", 0, 1, "1: an empty log is initialised by its members"),
        o.auto_initialise);
  visit(count("log.window", 1, 4096, "positions in flight"), o.window);
  visit(time("log.resend_min", 1, "a request is sent again after"), o.resend_min);
  visit(time("log.resend_max", 1, "and at most every"), o.resend_max);
  visit(time("log.election_deadline", 1, "an election is given up after"), o.election_deadline);
  visit(time("log.write_deadline", 1, "a write is given up after"), o.write_deadline);
  visit(time("log.backoff", 1, "a refused fill waits one to two of these"), o.backoff);
  visit(time("log.chosen_interval", 1, "an idle coordinator tells what is chosen every"),
        o.chosen_interval);
  visit(time("log.fetch_delay", 0, "a replica that lags asks after"), o.fetch_delay);
  visit(time("log.fetch_pause", 0, "and pauses between its questions for"), o.fetch_pause);
  visit(count("log.fetch_positions_max", 1, 100'000, "positions of one question"),
        o.fetch_positions_max);
  visit(count("log.fetch_bytes_max", 1, 1 << 28, "bytes of one answer"), o.fetch_bytes_max);
  visit(count("log.fetches_in_flight", 1, 64, "questions at once"), o.fetches_in_flight);
  visit(count("log.fills_in_flight", 1, 64, "positions filled at once"), o.fills_in_flight);
  visit(time("log.recovery_deadline", 1, "a recovering member asks anew after"),
        o.recovery_deadline);
  visit(time("log.recovery_pause", 1, "and waits one to two of these between attempts"),
        o.recovery_pause);
  visit(time("log.close_deadline", 1, "it runs ballots when a coordinator was silent for"),
        o.close_deadline);
  visit(count("log.erase_records_max", 1, 100'000, "records deleted by one job"),
        o.erase_records_max);
  visit(count("log.rounds_per_reservation", 1, 100'000, "ballot rounds reserved by one write"),
        o.rounds_per_reservation);
  visit(count("log.entry_bytes_max", 1, 1 << 28, "the largest entry"), o.entry_bytes_max);
  visit(count("log.key_positions", 1, 1 << 16, "positions whose idempotency keys are remembered"),
        o.key_positions);
  visit_elector(o, visit);
}

std::uint64_t draw_first_position(const sim::KeyedRandom& key) {
  // Shortly before the numbers at which keys change their form, so that a run crosses them.
  constexpr std::array<std::uint64_t, 3> kEdges{
      std::uint64_t{1} << 31, std::uint64_t{1} << 32, 10'000'000'000};
  const std::uint64_t pick = sim::below(key.draw(0), 6);
  if (pick >= kEdges.size()) return 0;
  return kEdges[pick] - 2 - sim::below(key.draw(1), 30);
}

// In a share of seeds members elect by themselves.
void draw_elector(const sim::KeyedRandom& key, ClusterOptions& o) {
  using D = Duration;
  o.elector = sim::chance(key.at("elector").draw(), 400'000) ? 1 : 0;
  if (o.elector == 0) return;
  o.election_timeout =
      sim::log_uniform(key.at("election_timeout").draw(), D::milliseconds(100), D::seconds(3));
  o.heartbeat_interval =
      o.election_timeout / sim::uniform(key.at("heartbeats_per_timeout").draw(), 3, 12);
  const sim::KeyedRandom preferred = key.at("preferred");
  if (sim::chance(preferred.draw(0), 300'000)) o.preferred = sim::uniform(preferred.draw(1), 1, 7);
}

}  // namespace

ClusterOptions draw_cluster_options(std::uint64_t seed) {
  const sim::KeyedRandom key = sim::KeyedRandom(seed).at("cluster");
  const auto number = [&](std::string_view name, std::int64_t from, std::int64_t to) {
    return sim::log_uniform(key.at(name).draw(), from, to);
  };
  const auto span = [&](std::string_view name, Duration from, Duration to) {
    return sim::log_uniform(key.at(name).draw(), from, to);
  };
  using D = Duration;
  ClusterOptions o;
  o.store = sim::chance(key.at("store").draw(), 200'000) ? StoreKind::kMemory : StoreKind::kLevelDb;
  o.write_buffer_bytes = std::int64_t{64 << 10} << sim::below(key.at("write_buffer").draw(), 5);
  o.first_position = draw_first_position(key.at("first_position"));
  o.auto_initialise = sim::chance(key.at("auto_initialise").draw(), 120'000) ? 1 : 0;
  // A log that starts elsewhere was initialised to do so.
  if (o.auto_initialise != 0) o.first_position = 0;
  o.window = number("window", 1, 64);
  o.resend_min = span("resend_min", D::milliseconds(2), D::milliseconds(1000));
  o.resend_max = std::max(o.resend_min, span("resend_max", D::milliseconds(50), D::seconds(5)));
  // An election or a write that is given up before a healthy cluster can answer would only say that
  // the setting is wrong.
  o.election_deadline = span("election_deadline", D::seconds(2), D::seconds(30));
  o.write_deadline = span("write_deadline", D::milliseconds(700), D::seconds(30));
  o.backoff = span("backoff", D::milliseconds(5), D::milliseconds(500));
  o.chosen_interval = span("chosen_interval", D::milliseconds(5), D::seconds(2));
  o.fetch_delay = span("fetch_delay", D::microseconds(100), D::seconds(1));
  o.fetch_pause = span("fetch_pause", D::microseconds(10), D::milliseconds(20));
  o.fetch_positions_max = number("fetch_positions_max", 1, 256);
  o.fetch_bytes_max = number("fetch_bytes_max", 64, 64 << 10);
  o.fetches_in_flight = number("fetches_in_flight", 1, 8);
  o.fills_in_flight = number("fills_in_flight", 1, 16);
  o.recovery_deadline = span("recovery_deadline", D::milliseconds(200), D::seconds(10));
  o.recovery_pause = span("recovery_pause", D::milliseconds(5), D::seconds(1));
  o.close_deadline = span("close_deadline", D::milliseconds(20), D::seconds(5));
  o.erase_records_max = number("erase_records_max", 1, 256);
  o.rounds_per_reservation = number("rounds_per_reservation", 1, 64);
  o.entry_bytes_max = number("entry_bytes_max", 32, 4 << 10);
  o.key_positions = number("key_positions", 1, 4 << 10);
  draw_elector(key, o);
  return o;
}

NodeOptions member_options(const ClusterOptions& options, int nodes, NodeId self) {
  std::vector<NodeId> members;
  for (int i = 1; i <= nodes; ++i)
    members.push_back(NodeId{static_cast<std::uint8_t>(i)});
  NodeOptions member;
  member.cluster = 0x5eed;
  member.log = 1;
  member.self = self;
  member.membership = Membership(std::move(members));
  member.elections = options.elector != 0 ? Elections::kByElector : Elections::kByApplication;
  member.heartbeat_interval = options.heartbeat_interval;
  member.election_timeout = options.election_timeout;
  for (std::int64_t i = 0; options.preferred != 0 && i < nodes; ++i) {
    member.preference.push_back(
        NodeId{static_cast<std::uint8_t>((options.preferred - 1 + i) % nodes + 1)});
  }
  member.mesos_compat = {.d1 = options.compat_d1 != 0,
                         .d2 = options.compat_d2 != 0,
                         .d3 = options.compat_d3 != 0,
                         .d8 = options.compat_d8 != 0,
                         .d14 = options.compat_d14 != 0};
  member.window = static_cast<std::size_t>(options.window);
  member.entry_bytes_max = static_cast<std::size_t>(options.entry_bytes_max);
  member.resend_min = options.resend_min;
  member.resend_max = options.resend_max;
  member.election_deadline = options.election_deadline;
  member.write_deadline = options.write_deadline;
  member.backoff = options.backoff;
  member.chosen_interval = options.chosen_interval;
  member.fetch_delay = options.fetch_delay;
  member.fetch_pause = options.fetch_pause;
  member.fetch_positions_max = static_cast<std::size_t>(options.fetch_positions_max);
  member.fetch_bytes_max = static_cast<std::size_t>(options.fetch_bytes_max);
  member.fetches_in_flight = static_cast<std::size_t>(options.fetches_in_flight);
  member.fills_in_flight = static_cast<std::size_t>(options.fills_in_flight);
  if (options.auto_initialise != 0) member.auto_initialise = AutoInitialise::kOn;
  member.recovery_deadline = options.recovery_deadline;
  member.recovery_pause = options.recovery_pause;
  member.close_deadline = options.close_deadline;
  member.erase_records_max = static_cast<std::size_t>(options.erase_records_max);
  member.key_positions = static_cast<std::size_t>(options.key_positions);
  member.rounds_per_reservation = static_cast<std::uint64_t>(options.rounds_per_reservation);
  return member;
}

std::string validate(const ClusterOptions& options) {
  std::string problem;
  visit_options(options, [&](const Knob& knob, const auto& field) {
    const std::int64_t value = sim::load_knob(field);
    if (!problem.empty() || (knob.min <= value && value <= knob.max)) return;
    problem = std::string(knob.name) + " is out of range; " + sim::expected_of(knob);
  });
  if (!problem.empty()) return problem;
  return member_options(options, 1, NodeId{1}).invalid();
}

std::vector<std::pair<std::string, std::string>> list_options(const ClusterOptions& options) {
  std::vector<std::pair<std::string, std::string>> all;
  visit_options(options, [&](const Knob& knob, const auto& field) {
    all.emplace_back(knob.name, sim::format_knob(knob, sim::load_knob(field)));
  });
  return all;
}

std::string describe(const ClusterOptions& options) {
  std::string text;
  visit_options(options, [&](const Knob& knob, const auto& field) {
    std::string line =
        std::string(knob.name) + " = " + sim::format_knob(knob, sim::load_knob(field));
    line.resize(std::max<std::size_t>(48, line.size() + 1), ' ');
    text += line.append(knob.help).append("\n");
  });
  return text;
}

std::string set_option(ClusterOptions& options, std::string_view name, std::string_view value) {
  std::string problem = "there is no setting of that name";
  visit_options(options, [&](const Knob& knob, auto& field) {
    if (knob.name != name) return;
    const auto parsed = sim::parse_knob(knob, value);
    if (!parsed || *parsed < knob.min || *parsed > knob.max) {
      problem = "'" + std::string(value) + "' is no value for it; " + sim::expected_of(knob);
      return;
    }
    sim::store_knob(field, *parsed);
    problem.clear();
  });
  return problem;
}

std::string set_option(sim::WorldOptions& world,
                       ClusterOptions& cluster,
                       std::string_view name,
                       std::string_view value) {
  bool ours = false;
  visit_options(cluster, [&](const Knob& knob, auto&) { ours = ours || knob.name == name; });
  return ours ? set_option(cluster, name, value) : sim::set_knob(world, name, value);
}

}  // namespace holdfast::scenarios
