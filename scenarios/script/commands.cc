#include "scenarios/script/commands.h"

#include <array>

namespace holdfast::scenarios::script {
namespace {

constexpr std::array kCommands{
    CommandInfo{"cluster", "cluster nodes=3 window=4 store=leveldb first=100", &run_cluster},
    CommandInfo{"trace", "trace on", &run_trace},
    CommandInfo{"run", "run 500ms", &run_run},
    CommandInfo{"show", "show n1 n2", &run_show},
    CommandInfo{"elect", "elect n1", &run_elect},
    CommandInfo{"append", "append n1 a b c", &run_append},
    CommandInfo{"truncate", "truncate n1 to=4", &run_truncate},
    CommandInfo{"read", "read n2 from=1 to=3", &run_read},
    CommandInfo{"catchup", "catchup n3", &run_catchup},
    CommandInfo{"barrier", "barrier n3", &run_barrier},
    CommandInfo{"await", "await n2 to=4", &run_await},
    CommandInfo{"hold", "hold n1 -> n3 write learned", &run_hold},
    CommandInfo{"drop", "drop n1 -> *", &run_drop},
    CommandInfo{"pass", "pass n1 -> n3 written", &run_pass},
    CommandInfo{"isolate", "isolate n1", &run_isolate},
    CommandInfo{"release", "release n1 -> n3 write count=1", &run_release},
    CommandInfo{"discard", "discard", &run_discard},
    CommandInfo{"heal", "heal", &run_heal},
    CommandInfo{"duplicate", "duplicate n1 -> n3 write", &run_duplicate},
    CommandInfo{"crash", "crash n1", &run_crash},
    CommandInfo{"restart", "restart n1", &run_restart},
    CommandInfo{"wipe", "wipe n3", &run_wipe},
    CommandInfo{"stall", "stall n2", &run_stall},
    CommandInfo{"resume", "resume n2", &run_resume},
};

}  // namespace

std::span<const CommandInfo> commands() {
  return kCommands;
}

}  // namespace holdfast::scenarios::script
