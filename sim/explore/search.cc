#include "sim/explore/search.h"

#include <algorithm>
#include <span>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::explore {
namespace {

constexpr std::uint64_t kAskEvery = 4096;

// States that are met but not expanded, one after the other.
class Level {
 public:
  void push(Visited::Number number, Words state) {
    words_.push_back(number);
    words_.push_back(static_cast<std::uint32_t>(state.size()));
    words_.insert(words_.end(), state.begin(), state.end());
  }

  // Takes the next; false when there is none.
  bool take(Visited::Number& number, Words& state) {
    if (next_ == words_.size()) return false;
    number = words_[next_];
    state = Words(words_).subspan(next_ + 2, words_[next_ + 1]);
    next_ += 2 + state.size();
    return true;
  }

  void clear() {
    words_.clear();
    next_ = 0;
  }

  bool empty() const { return next_ == words_.size(); }

  std::uint64_t bytes() const { return words_.capacity() * sizeof(std::uint32_t); }

 private:
  std::vector<std::uint32_t> words_;
  std::size_t next_ = 0;
};

// The ways out of a state that may lead to new ones.
struct Open {
  struct Way {
    std::size_t index;  // in out
    Fingerprint name;
  };

  Visited::Number number = 0;
  Transitions out;
  std::vector<Way> ways;
  std::size_t next = 0;  // of the ways

  bool done() const { return next == ways.size(); }
};

class Search {
 public:
  Search(StateSpace& space, const Limits& limits) : space_(space), limits_(limits) {
    if (limits_.whereabouts == nullptr) return;
    limits_.whereabouts->events = [this] {
      if (expanding_ == Visited::kNone) return std::vector<EventName>();
      return visited_.path_to(expanding_).events;
    };
  }

  ~Search() {
    if (limits_.whereabouts != nullptr) limits_.whereabouts->events = nullptr;
  }

  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  Result breadth_first() {
    Level next;
    begin([&](Visited::Number number, Words state) { next.push(number, state); });
    Level level;
    Open open;
    while (running_ && !next.empty()) {
      std::swap(level, next);
      next.clear();
      ++progress().depth;
      Visited::Number number = 0;
      Words state;
      while (running_ && level.take(number, state)) {
        expand(number, state, open);
        while (running_ && !open.done())
          if (const auto [added, at] = meet_next(open); added.fresh) next.push(added.number, at);
        ask(level.bytes() + next.bytes());
      }
    }
    return finish(level.bytes() + next.bytes());
  }

  Result depth_first() {
    if (limits_.resumption != nullptr) restore(*limits_.resumption);
    std::vector<Open> path;
    std::size_t open = 0;
    // Frames are kept when they are left, and their memory with them.
    const auto enter = [&](Visited::Number number, Words state) {
      if (open == path.size()) path.emplace_back();
      expand(number, state, path[open++]);
      progress().depth = std::max<std::uint64_t>(progress().depth, open);
    };
    Level beginnings;
    begin([&](Visited::Number number, Words state) { beginnings.push(number, state); });
    Visited::Number number = 0;
    Words state;
    while (running_ && beginnings.take(number, state)) {
      enter(number, state);
      while (running_ && open > 0) {
        Open& top = path[open - 1];
        if (top.done()) {
          --open;
          continue;
        }
        // The state is copied, since entering it may move the frames.
        if (const auto [added, at] = meet_next(top); added.fresh) {
          state_.assign(at.begin(), at.end());
          enter(added.number, state_);
        }
        ask(0);
      }
    }
    if (result_.ending == Ending::kStopped && limits_.keep) keep({path.begin(), open});
    return finish(0);
  }

 private:
  Progress& progress() { return result_.progress; }

  void restore(const Resumption& resumption) {
    visited_.reserve(resumption.closed.states);
    Fingerprint state;
    while (resumption.next(state)) {
      HOLDFAST_REQUIRE(visited_.add(state, Visited::kNone, 0).fresh);
      result_.states_sum += state;
    }
    const Closed& closed = resumption.closed;
    HOLDFAST_REQUIRE(visited_.size() == closed.states, visited_.size(), closed.states);
    progress().expanded = closed.states;
    progress().transitions = closed.transitions;
    progress().depth = closed.depth;
    result_.terminals = closed.terminals;
    result_.terminals_sum = closed.terminals_sum;
  }

  void keep(std::span<const Open> path) {
    while (!path.empty() && path.back().done())
      path = path.first(path.size() - 1);
    Closed closed{.states = visited_.size() - path.size(),
                  .transitions = progress().transitions,
                  .terminals = result_.terminals,
                  .terminals_sum = result_.terminals_sum,
                  .depth = progress().depth};
    std::vector<Visited::Number> open;
    for (const Open& each : path) {
      closed.transitions -= each.out.size();
      open.push_back(each.number);
    }
    std::ranges::sort(open);
    limits_.keep(closed, [&](const std::function<void(const Fingerprint&)>& visit) {
      visited_.for_each([&](Visited::Number number, const Fingerprint& state) {
        if (!std::ranges::binary_search(open, number)) visit(state);
      });
    });
  }

  template <typename Push>
  void begin(const Push& push) {
    Transitions out;
    space_.initial(out);
    HOLDFAST_REQUIRE(!out.empty());
    result_.beginnings = out.size();
    for (std::size_t i = 0; running_ && i < out.size(); ++i)
      if (const auto added = meet(out.next(i),
                                  space_.fingerprint(out.next(i)),
                                  Visited::kNone,
                                  static_cast<EventName>(i));
          added.fresh) {
        push(added.number, out.next(i));
      }
  }

  // What is known already is not left to be met: asked for all at once, the places of their names
  // come from memory at the same time instead of one after the other.
  void expand(Visited::Number number, Words state, Open& open) {
    expanding_ = number;
    Transitions& out = open.out;
    out.clear();
    space_.successors(state, out);
    ++progress().expanded;
    progress().transitions += out.size();
    open.number = number;
    open.next = 0;
    open.ways.clear();
    for (std::size_t i = 0; i < out.size(); ++i) {
      open.ways.push_back({.index = i, .name = space_.fingerprint(out.next(i))});
      visited_.prefetch(open.ways.back().name);
    }
    std::erase_if(open.ways, [&](const Open::Way& way) { return visited_.has(way.name); });
    if (!out.empty()) return;
    ++result_.terminals;
    result_.terminals_sum += space_.fingerprint(state);
  }

  struct Met {
    Visited::Added added;
    Words state;
  };

  // Requires: !open.done().
  Met meet_next(Open& open) {
    const Open::Way& way = open.ways[open.next++];
    const Words state = open.out.next(way.index);
    return {meet(state, way.name, open.number, open.out.event(way.index)), state};
  }

  Visited::Added meet(Words state,
                      const Fingerprint& fingerprint,
                      Visited::Number from,
                      EventName event) {
    const Visited::Added added = visited_.add(fingerprint, from, event);
    if (!added.fresh) return added;
    result_.states_sum += fingerprint;
    if (std::string text = space_.violation(state); !text.empty()) {
      stop(Ending::kViolation);
      result_.violation.text = std::move(text);
      wrong_ = added.number;
    } else if (visited_.size() >= limits_.states) {
      stop(Ending::kStatesLimit);
    }
    return added;
  }

  void stop(Ending ending) {
    running_ = false;
    result_.ending = ending;
  }

  void update(std::uint64_t frontier_bytes) {
    progress().states = visited_.size();
    progress().visited_bytes = visited_.bytes();
    progress().bytes = visited_.bytes() + frontier_bytes;
  }

  void ask(std::uint64_t frontier_bytes) {
    if (!running_ || !limits_.go_on || progress().expanded < next_question_) return;
    next_question_ = progress().expanded + kAskEvery;
    update(frontier_bytes);
    if (!limits_.go_on(progress())) stop(Ending::kStopped);
  }

  Result finish(std::uint64_t frontier_bytes) {
    update(frontier_bytes);
    if (result_.ending == Ending::kViolation) walk_to_the_wrong_state();
    return std::move(result_);
  }

  // Only the events on the way were kept; the states come back by taking them again.
  void walk_to_the_wrong_state() {
    Violation& violation = result_.violation;
    Visited::Path path = visited_.path_to(wrong_);
    Transitions out;
    space_.initial(out);
    const auto keep = [&](std::size_t i) {
      violation.states.emplace_back(out.next(i).begin(), out.next(i).end());
    };
    keep(path.beginning);
    for (const EventName event : path.events) {
      out.clear();
      space_.successors(violation.states.back(), out);
      std::size_t i = 0;
      while (i < out.size() && out.event(i) != event)
        ++i;
      HOLDFAST_REQUIRE(i < out.size(), event);
      keep(i);
    }
    violation.events = std::move(path.events);
    HOLDFAST_REQUIRE(space_.violation(violation.states.back()) == violation.text);
  }

  StateSpace& space_;
  const Limits& limits_;
  Visited visited_;
  Result result_;
  bool running_ = true;
  Visited::Number wrong_ = Visited::kNone;
  Visited::Number expanding_ = Visited::kNone;
  std::uint64_t next_question_ = kAskEvery;
  std::vector<std::uint32_t> state_;
};

}  // namespace

Result search(StateSpace& space, Order order, const Limits& limits) {
  Search search(space, limits);
  return order == Order::kBreadthFirst ? search.breadth_first() : search.depth_first();
}

}  // namespace holdfast::explore
