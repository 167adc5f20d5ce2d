#pragma once

// The log for the checker: the members that production runs, each with a small application.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "protocol/fiber/stack_pool.h"
#include "protocol/options.h"

#include "sim/explore/company.h"
#include "sim/explore/fair_run.h"

#include "scenarios/explore/store_trace.h"

namespace holdfast::scenarios {

// Operations of the application, as kinds of the checker's budget.
enum class LogOperation : std::uint8_t {
  kElect,
  kAppend,
  kTruncate,   // everything up to the last acknowledged position
  kCatchUp,    // and read what there is
  kRead,       // all that was acknowledged to anybody, by a barrier
  kRetry,      // the first append of the run once more, under its key
  kOverreach,  // a truncation of more than was acknowledged to anybody, which must be refused
};

constexpr std::uint8_t kLogOperations = 7;

struct LogCompanyOptions {
  std::uint8_t members = 3;
  // An application goes on with a writer whose write failed, until it is told that it is not
  // elected.
  bool careless = false;
  // A write is given up after a few alarms.
  bool impatient = false;
  MesosCompat compat{};
  // Nobody initialised the log; the members do it themselves.
  bool blank = false;
  // What the stores are asked for is entered there; outlives the company.
  StoreTrace* stores = nullptr;
};

// All members vote, then an election is won, then an append is acknowledged.
explore::Goal goal_of_the_log();

class LogCompany final : public explore::Company {
 public:
  explicit LogCompany(LogCompanyOptions options) : options_(std::move(options)) {}

  explore::Node nodes() const override { return options_.members; }

  explore::Image first_image(explore::Node node) const override;
  std::unique_ptr<explore::Actor> boot(explore::Node node,
                                       std::uint32_t life,
                                       const Ports& ports,
                                       const explore::Image& image) const override;
  std::string name_of(std::uint8_t kind) const override;

 private:
  NodeOptions options_of(explore::Node node, std::uint32_t life) const;

  LogCompanyOptions options_;
  mutable StackPool stacks_;
};

}  // namespace holdfast::scenarios
