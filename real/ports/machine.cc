#include "real/ports/machine.h"

#include <utility>

#include "protocol/env/check.h"

namespace holdfast::real {

Machine::Machine(EventLoop& loop, Journal& journal, MachineOptions options)
    : loop_(loop),
      clock_(loop, options.clock_rate, [this] { step([this] { process_->on_alarm(); }); }),
      tracer_(options.trace_events, std::move(options.watch)),
      network_(loop,
               random_,
               journal,
               std::move(options.network),
               {.deliver = [this](const Frame& frame) { step([&] { process_->on_frame(frame); }); },
                .disconnected =
                    [this](NodeId member) { step([&] { process_->on_disconnect(member); }); }}),
      disk_(
          loop, [this](const Disk::Done& done) { step(done); }, std::move(options.watch_jobs)),
      first_step_(loop, [this] { step([this] { process_->start(); }); }) {
  tracer_.begin_step(clock_.machine_now());
}

tl::expected<void, std::string> Machine::boot(Process& process) {
  HOLDFAST_REQUIRE(process_ == nullptr);
  auto opened = network_.open();
  if (!opened) return opened;
  process_ = &process;
  // Before any connection can have been made: those take a turn of the loop each.
  first_step_.set(loop_.now());
  return {};
}

void Machine::step(const std::function<void()>& body) {
  if (process_ == nullptr) return;
  clock_.tick();
  tracer_.begin_step(clock_.machine_now());
  body();
}

void Machine::halt() {
  process_ = nullptr;
  first_step_.cancel();
  network_.close();
  disk_.stop();
  clock_.set_alarm(Instant::never());
}

}  // namespace holdfast::real
