#pragma once

// The commands of scripts, a group per source file.  `commands()` in command.h lists them.

#include "scenarios/script/command.h"

namespace holdfast::scenarios::script {

// commands_stage.cc: the world and what is shown of it.
void run_cluster(Theatre& theatre, const Command& command);
void run_trace(Theatre& theatre, const Command& command);
void run_run(Theatre& theatre, const Command& command);
void run_show(Theatre& theatre, const Command& command);

// commands_client.cc: what applications do.
void run_elect(Theatre& theatre, const Command& command);
void run_append(Theatre& theatre, const Command& command);
void run_truncate(Theatre& theatre, const Command& command);
void run_read(Theatre& theatre, const Command& command);
void run_catchup(Theatre& theatre, const Command& command);
void run_barrier(Theatre& theatre, const Command& command);
void run_await(Theatre& theatre, const Command& command);

// commands_mail.cc: what becomes of messages.
void run_hold(Theatre& theatre, const Command& command);
void run_drop(Theatre& theatre, const Command& command);
void run_pass(Theatre& theatre, const Command& command);
void run_isolate(Theatre& theatre, const Command& command);
void run_release(Theatre& theatre, const Command& command);
void run_discard(Theatre& theatre, const Command& command);
void run_heal(Theatre& theatre, const Command& command);
void run_duplicate(Theatre& theatre, const Command& command);

// commands_machine.cc: what becomes of machines and disks.
void run_crash(Theatre& theatre, const Command& command);
void run_restart(Theatre& theatre, const Command& command);
void run_wipe(Theatre& theatre, const Command& command);
void run_stall(Theatre& theatre, const Command& command);
void run_resume(Theatre& theatre, const Command& command);

}  // namespace holdfast::scenarios::script
