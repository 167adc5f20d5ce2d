#pragma once

// Processes of the conformance suite: they do what a test tells them, and check at every step what
// must hold of all steps.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "protocol/env/hash.h"
#include "protocol/env/process.h"

namespace holdfast::conformance {

// Shared by the nodes of one world: whether one of them is in a step.
class Stage {
 public:
  void enter() {
    EXPECT_FALSE(in_step_) << "steps nest";
    EXPECT_TRUE(on_its_thread()) << "a step off the thread that settles the world";
    in_step_ = true;
  }

  void leave() { in_step_ = false; }

  // Whether the caller's stack has a step on it.  Callable from any thread.
  bool inside_step() const { return on_its_thread() && in_step_; }

 private:
  bool on_its_thread() const { return std::this_thread::get_id() == thread_; }

  decltype(std::this_thread::get_id()) thread_ = std::this_thread::get_id();
  bool in_step_ = false;
};

class ScriptedNode;

// What a node does in its steps; an empty entry does nothing.
struct Script {
  std::function<void(ScriptedNode&)> start;
  std::function<void(ScriptedNode&, const std::string&)> frame;
  std::function<void(ScriptedNode&)> alarm;
};

class ScriptedNode : public Process {
 public:
  ScriptedNode(NodeId id, const Ports& ports, Script script, Stage& stage)
      : id_(id),
        ports_(ports),
        script_(std::move(script)),
        stage_(stage) {}

  void start() override {
    EXPECT_EQ(steps_, 0) << "start() is not the first step of node " << int{id_.value};
    step([this] {
      if (script_.start) script_.start(*this);
    });
  }

  void on_frame(const Frame& frame) override {
    ASSERT_NE(frame, nullptr);
    // A copy, because the script may end the frame's life.
    const std::string bytes = *frame;
    step([&] {
      if (script_.frame) script_.frame(*this, bytes);
    });
  }

  void on_alarm() override {
    step([this] {
      if (script_.alarm) script_.alarm(*this);
    });
  }

  NodeId id() const { return id_; }

  const Ports& ports() const { return ports_; }

  int steps() const { return steps_; }

  Instant now() const { return ports_.clock.now(); }

  void set_alarm(Instant at) { ports_.clock.set_alarm(at); }

  void send(std::uint8_t to, std::string bytes) {
    ports_.network.send(NodeId{to}, std::make_shared<const std::string>(std::move(bytes)));
  }

  // As Disk::submit(), and checks when both run.
  void submit(Lane lane, Disk::Job job, std::function<void(ScriptedNode&)> done) {
    const auto job_ended = std::make_shared<bool>(false);
    ports_.disk.submit(
        lane,
        [this, job_ended, job = std::move(job)] {
          EXPECT_FALSE(stage_.inside_step()) << "a job runs inside a step";
          EXPECT_FALSE(*job_ended) << "a job runs twice";
          job();
          *job_ended = true;
        },
        [this, job_ended, done = std::move(done)] {
          EXPECT_TRUE(*job_ended) << "done before the job ended";
          step([&] { done(*this); });
        });
  }

 private:
  void step(const std::function<void()>& body) {
    stage_.enter();
    ++steps_;
    const Instant now = ports_.clock.now();
    EXPECT_GE(now, last_now_) << "the clock of node " << int{id_.value} << " went back";
    body();
    spend_time();
    EXPECT_EQ(ports_.clock.now(), now) << "the clock moved within a step";
    last_now_ = now;
    stage_.leave();
  }

  // Enough for a clock that ticks by itself to show it.
  void spend_time() {
    for (int i = 0; i < 20'000; ++i)
      work_ = mix(work_, static_cast<std::uint64_t>(i));
    EXPECT_NE(work_, 0u);
  }

  NodeId id_;
  Ports ports_;
  Script script_;
  Stage& stage_;
  int steps_ = 0;
  std::uint64_t work_ = 1;
  Instant last_now_ = Instant::at(INT64_MIN);
};

}  // namespace holdfast::conformance
