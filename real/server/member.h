#pragma once

// One member inside this process: its directory, the ports it runs on, and its node.  holdfastd is
// one with doors for clients; an application that embeds one talks to its log directly:
//
//   auto member = Member::open(*config, journal);
//   (*member)->boot({.elected = [&] { ... node().scheduler().spawn(...) ... }});
//   (*member)->run_until([&] { return finished; });

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/node.h"

#include "real/ports/journal.h"
#include "real/ports/machine.h"
#include "real/server/config.h"
#include "real/server/data_directory.h"
#include "real/server/exit_code.h"
#include "real/server/flight_record.h"
#include "real/server/recording.h"

namespace holdfast::real {

// What connections are secured with; none of both: nothing.
struct Security {
  TlsPtr members;
  TlsPtr clients;
};

// For those who look closely.
struct MemberExtras {
  // A new file that its whole life is written to (recording.h), by this build; empty: none.  What
  // the callbacks of an application do in the member's steps is in no recording.
  std::string recording_file = {};
  Build build = {};
  ClockRate clock_rate = {};
};

// Belongs to one thread, which runs its loop.
class Member {
 public:
  // Inside steps of the node: they may spawn fibers on its scheduler, and must not call act().
  struct Callbacks {
    // The directory was opened: node().log() may be used from now on.
    std::function<void()> ready = {};
    // A term of this member began, in which log().current_writer() appends; and ended.
    std::function<void()> elected = {};
    std::function<void()> lost = {};
    // Told of every event of the trace, and of every job of the disk.
    std::function<void(const TracedEvent&)> watch = {};
    StorageThreads::Watch watch_jobs = {};
  };

  // Reads the certificates and takes the directory.  Everything an operator needs is said to
  // `journal`, here and later; the error is what holdfastd would end with.  Requires: config.self;
  // `config` and `journal` outlive it.
  static tl::expected<std::unique_ptr<Member>, ExitCode> open(const Config& config,
                                                              Journal& journal,
                                                              const MemberExtras& extras = {});

  ~Member();

  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Every event of its life goes to a new file as well, for `holdfast-sim judge`; before boot().
  // The error says what to do.
  tl::expected<void, std::string> trace_to(const std::string& file);

  // Listens for other members, and opens the log with the first call of the loop.  Once.
  tl::expected<void, ExitCode> boot(Callbacks callbacks);

  // Runs the loop until `done` holds or the storage failed.
  void run_until(const std::function<bool()>& done);
  // The same for at most so long.
  void run_for(Duration time, const std::function<bool()>& done);

  bool failed() const { return failure_.has_value(); }

  // Ends its life, and unwinds its fibers: what these use must be there until then.  Says why if
  // the storage failed, and returns what holdfastd would end with.  Idempotent; not from inside a
  // step.
  ExitCode end();

  // One step of the node, from outside of any, in which `body` may spawn fibers.
  void act(const std::function<void()>& body);

  Node& node() { return node_; }

  EventLoop& loop() { return loop_; }

  Machine& machine() { return machine_; }

  const Security& security() const { return security_; }

  FlightRecord& flight() { return flight_; }

  // Null: its life is not written down.
  Recording* recording() { return recording_.get(); }

 private:
  Member(const Config& config,
         Journal& journal,
         Security security,
         DataDirectory directory,
         std::unique_ptr<Recording> recording,
         ClockRate clock_rate);

  TraceHead trace_head() const;
  MachineOptions machine_options(ClockRate clock_rate);
  Ports ports();
  std::shared_ptr<ReplicaStore> store();
  Node::Callbacks node_callbacks();
  void on_event(const TracedEvent& event);
  ExitCode outcome() const;
  void on_ready();
  void say_failure();
  void say_last_events();

  const Config& config_;
  Journal& journal_;
  const Security security_;
  const DataDirectory directory_;
  FlightRecord flight_;
  std::unique_ptr<TraceFile> trace_;
  Callbacks callbacks_;
  std::optional<StoreError> failure_;
  bool ended_ = false;
  EventLoop loop_;
  const std::unique_ptr<Recording> recording_;
  Machine machine_;
  Node node_;
};

}  // namespace holdfast::real
