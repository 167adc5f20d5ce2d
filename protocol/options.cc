#include "protocol/options.h"

#include <algorithm>

#include "protocol/replica_store.h"

namespace holdfast {

std::string NodeOptions::invalid() const {
  if (cluster == 0) return "cluster: must not be 0";
  if (log == 0) return "log: must not be 0";
  if (!membership.at(Position{}).contains(self)) {
    return "self: member " + std::to_string(self.value) + " is not in the member list";
  }
  if (window < 1 || window > 4096) return "window: must be 1 to 4096 positions";
  if (key_positions < 1 || key_positions > Restored::kKeyPositionsMax) {
    return "key_positions: must be 1 to 65536";
  }
  if (entry_bytes_max < 1) return "entry_bytes_max: must be at least 1";
  const Duration zero;
  if (resend_min <= zero) return "resend_min: must be positive";
  if (resend_max < resend_min) return "resend_max: must not be below resend_min";
  if (election_deadline <= zero) return "election_deadline: must be positive";
  if (write_deadline <= zero) return "write_deadline: must be positive";
  if (backoff <= zero) return "backoff: must be positive";
  if (chosen_interval <= zero) return "chosen_interval: must be positive";
  if (fetch_delay < zero || fetch_pause < zero) return "fetch_delay, fetch_pause: negative";
  if (fetch_positions_max < 1) return "fetch_positions_max: must be at least 1";
  if (fetch_bytes_max < 1) return "fetch_bytes_max: must be at least 1";
  if (fetches_in_flight < 1) return "fetches_in_flight: must be at least 1";
  if (fills_in_flight < 1) return "fills_in_flight: must be at least 1";
  if (recovery_deadline <= zero) return "recovery_deadline: must be positive";
  if (recovery_pause <= zero) return "recovery_pause: must be positive";
  if (close_deadline <= zero) return "close_deadline: must be positive";
  if (erase_records_max < 1) return "erase_records_max: must be at least 1";
  if (rounds_per_reservation < 1) return "rounds_per_reservation: must be at least 1";
  if (reads_in_flight_max < 1) return "reads_in_flight_max: must be at least 1";
  return invalid_elections();
}

std::string NodeOptions::invalid_elections() const {
  if (heartbeat_interval <= Duration()) return "heartbeat_interval: must be positive";
  // With fewer, one lost heartbeat and a little drift would look like silence.
  if (election_timeout < heartbeat_interval * 3) {
    return "election_timeout: must be at least 3 heartbeat_interval";
  }
  for (auto it = preference.begin(); it != preference.end(); ++it) {
    if (!membership.at(Position{}).contains(*it)) {
      return "preference: member " + std::to_string(it->value) + " is not in the member list";
    }
    if (std::find(preference.begin(), it, *it) != it) {
      return "preference: member " + std::to_string(it->value) + " is named twice";
    }
  }
  return "";
}

}  // namespace holdfast
