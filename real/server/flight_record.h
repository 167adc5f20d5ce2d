#pragma once

// The last events of a member, in its directory, for when its process dies: `holdfast-sim flight
// FILE` prints them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "protocol/env/check.h"

#include "real/ports/journal.h"
#include "real/ports/trace_file.h"

namespace holdfast::real {

class FlightRecord {
 public:
  // Looks at what a former life left in `folder`, and changes nothing.
  explicit FlightRecord(const std::string& folder);

  // How many lives before this one aborted, one after the other and each within ten minutes.
  std::uint64_t crashes() const { return crashes_; }

  // From now on events are recorded.  The record of a former life that was killed or aborted is
  // kept beside, and told of in `journal`.  Without space for one there is none, which is said.
  void begin(TraceHead head, Journal& journal);

  void record(const TracedEvent& event) {
    if (file_ != nullptr) maybe(file_->record(event));
  }

  // Ended by itself, with that code.
  void end(int exit_code);

  // From now on a signal that ends the process for a fault of its own is noted in the record.  For
  // the one record of a program; never undone.
  void catch_crashes();

 private:
  void keep_former(Journal& journal) const;

  std::string path_;
  // How the former life ended; none: there was none.
  std::optional<LifeEnd> former_;
  std::uint64_t crashes_ = 0;
  std::unique_ptr<TraceFile> file_;
};

// What a member waits before it starts after so many crashes in a row: nothing after the first,
// then a second, and twice as long after each, up to a minute.
Duration pause_after(std::uint64_t crashes);

}  // namespace holdfast::real
