#include "sim/sim_node.h"

#include <utility>

#include "protocol/env/check.h"

#include "sim/keyed_random.h"

namespace holdfast::sim {

namespace {

std::uint64_t key_of(NodeId node, std::uint64_t seed) {
  return KeyedRandom(seed).at("node").at(node.value).key();
}

}  // namespace

SimNode::SimNode(NodeId node, const WorldOptions& options, DiskHost& host, StepContext& context)
    : id_(node),
      random_key_(key_of(node, options.seed)),
      context_(context),
      disk_(node, options.seed, options.disk, host),
      ports_{*this, *this, *this, *this, *this} {}

void SimNode::rekey(std::uint64_t seed) {
  random_key_ = key_of(id_, seed);
  life_key_ = mix(random_key_, life_);
  disk_.rekey(seed);
}

void SimNode::begin_life(Instant origin) {
  HOLDFAST_REQUIRE(!up(), id_);
  ++life_;
  life_key_ = mix(random_key_, life_);
  draws_.fill(0);
  clock_.restart(context_.now, origin, clock_.drift_ppm());
  alarm_ = Instant::never();
  state_ = State::kAlive;
}

void SimNode::end_life() {
  HOLDFAST_REQUIRE(!stepping_, id_);
  state_ = State::kDead;
  requests_.clear();
  alarm_ = Instant::never();
  process_.reset();
}

void SimNode::begin_step() {
  HOLDFAST_REQUIRE(!stepping_ && state_ == State::kAlive, id_);
  HOLDFAST_CHECK(requests_.size() == 0, id_, requests_.size());
  stepping_ = true;
  step_time_ = clock_.read(context_.now);
}

void SimNode::set_alarm(Instant at) {
  if (state_ == State::kDead) return;
  HOLDFAST_REQUIRE(stepping_, id_);
  alarm_ = at;
}

void SimNode::send(NodeId to, Frame frame) {
  if (state_ == State::kDead) return;
  HOLDFAST_REQUIRE(stepping_ && to != id_ && frame != nullptr, id_, to);
  requests_.sends.push_back({to, std::move(frame)});
}

void SimNode::submit(Lane lane, Job job, Done done) {
  if (state_ == State::kDead) return;
  HOLDFAST_REQUIRE(stepping_, id_);
  requests_.submits.push_back({lane, std::move(job), std::move(done), requests_.size()});
}

bool SimNode::sync_directory(const std::string& path) {
  return disk_.sync_directory(path);
}

std::uint64_t SimNode::draw(RandomStream stream) {
  const auto number = static_cast<std::size_t>(stream);
  HOLDFAST_REQUIRE(number < draws_.size(), number);
  return mix(mix(life_key_, number), draws_[number]++);
}

void SimNode::record(EventKind kind,
                     std::initializer_list<std::uint64_t> words,
                     std::string_view bytes) {
  if (state_ == State::kDead) return;
  context_.observer.on_event({context_.trace_events++, context_.now, id_, kind, words, bytes});
}

void SimNode::reach(Point point) {
  if (state_ == State::kDead) return;
  context_.observer.on_point(id_, point);
}

}  // namespace holdfast::sim
