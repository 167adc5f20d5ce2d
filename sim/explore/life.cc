#include "sim/explore/life.h"

#include "protocol/env/check.h"
#include "protocol/env/hash.h"

namespace holdfast::explore {
namespace {

constexpr Instant kBirth = Instant::at(1'000'000'000);

std::size_t index_of(Lane lane) {
  return lane == Lane::kCommit ? 0 : 1;
}

}  // namespace

// All ports of a node in one object, so that they see one step.
class Life::Ports final : public Clock, public Network, public Disk, public Random, public Tracer {
 public:
  Ports(Node node, std::uint32_t life) : key_(mix(node + 1, life)) {}

  holdfast::Ports all() { return {*this, *this, *this, *this, *this}; }

  Effects take_effects() { return std::exchange(effects_, {}); }

  bool alarm_is_set() const { return alarm_ != Instant::never(); }

  void pass_time() {
    now_ = std::max(now_, alarm_);
    alarm_ = Instant::never();
  }

  bool has_job(Lane lane) const { return !lanes_[index_of(lane)].empty(); }

  // Requires: has_job(lane).
  std::pair<Job, Done> take_job(Lane lane) {
    auto& jobs = lanes_[index_of(lane)];
    HOLDFAST_REQUIRE(!jobs.empty(), index_of(lane));
    auto job = std::move(jobs.front());
    jobs.pop_front();
    return job;
  }

  Fingerprint draws_name() const {
    StateHash hash;
    for (const auto& [stream, count] : draws_) {
      hash.add(stream);
      hash.add(count);
    }
    return hash.name();
  }

  // Nothing that the node does from here on happens.
  void cut_off() { dead_ = true; }

  Instant now() const override { return now_; }

  void set_alarm(Instant at) override { alarm_ = at; }

  void send(NodeId to, Frame frame) override {
    if (!dead_) effects_.sent.push_back({.to = to.value - 1u, .frame = std::move(frame)});
  }

  void submit(Lane lane, Job job, Done done) override {
    if (!dead_) lanes_[index_of(lane)].emplace_back(std::move(job), std::move(done));
  }

  bool sync_directory(const std::string&) override { return true; }

  std::uint64_t draw(RandomStream stream) override {
    const auto number = static_cast<std::uint64_t>(stream);
    return mix(mix(key_, number), ++draws_[number]);
  }

  void record(EventKind kind,
              std::initializer_list<std::uint64_t> words,
              std::string_view bytes) override {
    if (!dead_)
      effects_.seen.push_back({.kind = kind, .words = words, .bytes = std::string(bytes)});
  }

  void reach(Point) override {}

 private:
  std::uint64_t key_;
  Instant now_ = kBirth;
  Instant alarm_ = Instant::never();
  std::array<std::deque<std::pair<Job, Done>>, kLanes.size()> lanes_;
  std::map<std::uint64_t, std::uint64_t> draws_;
  Effects effects_;
  bool dead_ = false;
};

std::vector<Cut> cuts(const Standing& standing) {
  std::vector<Cut> all;
  for (const bool commit : {false, true}) {
    for (const bool bulk : {false, true}) {
      if (commit <= standing.jobs[0] && bulk <= standing.jobs[1]) all.push_back({{commit, bulk}});
    }
  }
  return all;
}

Life::Life(const Company& company, Node node, std::uint32_t life, const Image& image, Terms terms)
    : node_(node),
      terms_(terms),
      ports_(std::make_unique<Ports>(node, life)),
      actor_(company.boot(node, life, ports_->all(), image)) {
  if (terms_.identity == Identity::kState) actor_->watch_states();
}

Life::~Life() {
  ports_->cut_off();
}

template <typename Step>
Effects Life::step(const Fingerprint& input, Step step) {
  if (terms_.identity == Identity::kState) actor_->begin_step(input);
  step();
  jobs_run_ = 0;
  for (bool busy = terms_.disks == Disks::kEager; busy;) {
    busy = false;
    for (const Lane lane : kLanes) {
      if (actor_->ended() || !ports_->has_job(lane) || jobs_left_ == jobs_run_) continue;
      finish(lane);
      ++jobs_run_;
      busy = true;
    }
  }
  return ports_->take_effects();
}

void Life::finish(Lane lane) {
  auto [job, done] = ports_->take_job(lane);
  job();
  done();
}

Effects Life::start() {
  return step(name_of(Given::kBoot, 0), [&] { actor_->start(); });
}

Effects Life::deliver(const Frame& frame) {
  return step(fingerprint_of_frame(node_, *frame), [&] { actor_->on_frame(frame); });
}

Effects Life::ring() {
  return step(name_of(Given::kRing, 0), [&] {
    ports_->pass_time();
    actor_->on_alarm();
  });
}

Effects Life::finish_job(Lane lane) {
  return step(name_of(Given::kFinishJob, static_cast<std::uint32_t>(index_of(lane))),
              [&] { finish(lane); });
}

Effects Life::perform(Operation operation) {
  const std::uint32_t argument = std::uint32_t{operation.kind} << 8 | operation.serial;
  return step(name_of(Given::kPerform, argument), [&] { actor_->perform(operation); });
}

Effects Life::break_disk(bool done) {
  return step(name_of(Given::kDiskError, done ? 1 : 0), [&] { actor_->break_disk(done); });
}

Standing Life::standing() const {
  Standing standing{.hears = actor_->hears(),
                    .alarm = ports_->alarm_is_set(),
                    .asks = actor_->asks(),
                    .jobs = {}};
  for (const Lane lane : kLanes)
    standing.jobs[index_of(lane)] = ports_->has_job(lane);
  return standing;
}

bool Life::deaf_to(const Frame& frame, Losses losses) const {
  return actor_->deaf_to(frame, losses);
}

Fingerprint Life::state_name() const {
  HOLDFAST_REQUIRE(terms_.identity == Identity::kState);
  return chained(ports_->draws_name(), actor_->state_name());
}

std::vector<Image> Life::crash(Cut cut) {
  for (const Lane lane : kLanes) {
    if (cut.ran[index_of(lane)]) ports_->take_job(lane).first();
  }
  return actor_->survivors();
}

Fingerprint name_of(Given given, std::uint32_t argument) {
  return fingerprint_of(std::array{static_cast<std::uint32_t>(given), argument});
}

Fingerprint fingerprint_of_frame(Node to, std::string_view bytes) {
  StateHash hash;
  hash.add(std::uint64_t{to});
  hash.add(bytes);
  return hash.name();
}

}  // namespace holdfast::explore
