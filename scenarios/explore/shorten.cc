#include "scenarios/explore/shorten.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/env/check.h"

namespace holdfast::scenarios {
namespace {

using explore::Kind;
using explore::System;
using explore::SystemEvent;

std::string property_of(const std::string& violation) {
  return violation.substr(0, violation.find(':'));
}

// The same event here, or nothing: the frame is not on its way.  A frame that differs in a number
// (of a request, of a round), since its sender did less before, will do where the very one is
// missing; that the whole still breaks the property is what counts.
std::optional<SystemEvent> event_here(const System& system, const Happened& wanted) {
  SystemEvent event = wanted.event;
  if (!is_delivery(event.kind)) return event;
  const auto found = [&](const auto& fits) {
    const auto& flying = system.flying();
    const auto it = std::ranges::find_if(flying, [&](const System::Flying& each) {
      return each.sent.to == wanted.to && fits(each);
    });
    if (it != flying.end()) event.frame = it->origin;
    return it != flying.end();
  };
  const bool here =
      found([&](const System::Flying& each) { return *each.sent.frame == wanted.frame; }) ||
      found([&](const System::Flying& each) {
        return each.origin.sender == wanted.event.frame.sender &&
               each.sent.frame->size() == wanted.frame.size();
      });
  return here ? std::optional(event) : std::nullopt;
}

class Shortening {
 public:
  Shortening(const std::function<System()>& begin, std::vector<Happened> events, std::size_t kept)
      : begin_(begin),
        kept_(kept) {
    const bool wrong = play(events);
    HOLDFAST_REQUIRE(wrong, "the events lead to no violation");
    property_ = property_of(best_.violation);
  }

  Shortened run() {
    std::size_t before = 0;
    do {
      before = best_.events.size();
      leave_out_faults();
      for (std::size_t run = best_.events.size() / 2; run > 0; run /= 2)
        leave_out_runs(run);
    } while (best_.events.size() < before);
    return std::move(best_);
  }

 private:
  // From the end, where less depends on each.
  void leave_out_faults() {
    for (std::size_t i = best_.events.size(); i-- > kept_;)
      if (i < best_.events.size() && is_fault(best_.events[i].event.kind)) leave_out(i, 1);
  }

  void leave_out_runs(std::size_t run) {
    for (std::size_t end = best_.events.size(); end >= kept_ + run;) {
      leave_out(end - run, run);
      end = std::min(end - run, best_.events.size());
    }
  }

  void leave_out(std::size_t from, std::size_t count) {
    std::vector<Happened> events = best_.events;
    const auto first = events.begin() + static_cast<std::ptrdiff_t>(from);
    events.erase(first, first + static_cast<std::ptrdiff_t>(count));
    play(events);
  }

  // True: it breaks the property with fewer events than the best did, and is the best now.
  bool play(const std::vector<Happened>& events) {
    ++best_.tried;
    System system = begin_();
    std::vector<Happened> done;
    for (std::size_t i = 0; i < events.size() && system.violation().empty(); ++i) {
      const auto event = event_here(system, events[i]);
      if (!event) continue;
      if (auto entry = happen(system, *event)) done.push_back(std::move(*entry));
    }
    if (system.violation().empty()) return false;
    if (!property_.empty() &&
        (property_of(system.violation()) != property_ || done.size() >= best_.events.size())) {
      return false;
    }
    best_.events = std::move(done);
    best_.violation = system.violation();
    return true;
  }

  const std::function<System()>& begin_;
  std::size_t kept_;
  std::string property_;
  Shortened best_;
};

}  // namespace

std::optional<Happened> happen(System& system, const SystemEvent& event) {
  const std::vector<System::Flying> before = system.flying();
  Happened entry{
      .event = event, .frame = {}, .to = event.node, .observed = {}, .sent = {}, .gone = {}};
  for (const System::Flying& flying : before) {
    if (!is_delivery(event.kind) || flying.origin != event.frame) continue;
    entry.frame = *flying.sent.frame;
    entry.to = flying.sent.to;
  }
  if (!system.apply(event)) return std::nullopt;
  entry.observed = system.observed();
  const auto post = [](const System::Flying& flying) {
    return Happened::Post{
        .from = flying.origin.sender, .to = flying.sent.to, .frame = *flying.sent.frame};
  };
  const auto is_in = [](const System::Flying& flying, const std::vector<System::Flying>& all) {
    return std::ranges::find(all, flying.origin, &System::Flying::origin) != all.end();
  };
  for (const System::Flying& flying : system.flying())
    if (!is_in(flying, before)) entry.sent.push_back(post(flying));
  for (const System::Flying& flying : before) {
    const bool delivered = is_delivery(event.kind) && flying.origin == event.frame;
    if (!delivered && !is_in(flying, system.flying())) entry.gone.push_back(post(flying));
  }
  return entry;
}

Shortened shorten(const std::function<System()>& begin,
                  const std::vector<Happened>& events,
                  std::size_t kept) {
  return Shortening(begin, events, kept).run();
}

}  // namespace holdfast::scenarios
