/*
 * Lamport's module Paxos (tlaplus/Examples): three acceptors, two values, 2 to 4 BALLOTS, as scenarios/calibration has
 * it: messages are a set that only grows. An acceptor answers the 1a of a ballot once, and a ballot has one 2a, so the
 * set fits into tables. Ballots and values are one more than their numbers; 0 is none.
 *
 * The states are those of the module: every option is one step, and nothing is remembered beside them.
 */

#ifndef BALLOTS
#define BALLOTS 3
#endif
#define ACCEPTORS 3

bit asked[BALLOTS];
byte proposed[BALLOTS];

byte max_ballot[ACCEPTORS];
byte vote_ballot[ACCEPTORS];
byte vote_value[ACCEPTORS];

/* Of acceptor a in ballot b: at a * BALLOTS + b. */
#define AT(a, b) ((a) * BALLOTS + (b))
bit promised[ACCEPTORS * BALLOTS];
byte promised_ballot[ACCEPTORS * BALLOTS];
byte promised_value[ACCEPTORS * BALLOTS];
byte voted[ACCEPTORS * BALLOTS];

#define PHASE_1A(b) :: d_step { !asked[b] -> asked[b] = 1 }

#define PHASE_1B(a, b)                                                                             \
  :: d_step {                                                                                      \
    asked[b] && (b) + 1 > max_ballot[a] ->                                                         \
    max_ballot[a] = (b) + 1;                                                                       \
    promised[AT(a, b)] = 1;                                                                        \
    promised_ballot[AT(a, b)] = vote_ballot[a];                                                    \
    promised_value[AT(a, b)] = vote_value[a]                                                       \
  }

/* Two promises allow a value: neither shows a vote, or the higher vote shown is for it. */
#define ALLOW(p, q, v)                                                                             \
  (promised[p] && promised[q] &&                                                                   \
   ((promised_ballot[p] == 0 && promised_ballot[q] == 0) ||                                        \
    (promised_ballot[p] >= promised_ballot[q] && promised_ballot[p] > 0 && promised_value[p] == (v)) ||  \
    (promised_ballot[q] >= promised_ballot[p] && promised_ballot[q] > 0 && promised_value[q] == (v))))

#define PHASE_2A(b, v)                                                                             \
  :: d_step {                                                                                      \
    proposed[b] == 0 && (ALLOW(AT(0, b), AT(1, b), v) || ALLOW(AT(0, b), AT(2, b), v) ||           \
                         ALLOW(AT(1, b), AT(2, b), v)) ->                                          \
    proposed[b] = (v)                                                                              \
  }

#define CHOSEN(b) ((voted[AT(0, b)] != 0) + (voted[AT(1, b)] != 0) + (voted[AT(2, b)] != 0) >= 2)
#define AGREE(b, c) (!(CHOSEN(b) && CHOSEN(c)) || proposed[b] == proposed[c])

#define AGREE_2 AGREE(0, 1)
#define AGREE_3 (AGREE_2 && AGREE(0, 2) && AGREE(1, 2))
#define AGREE_4 (AGREE_3 && AGREE(0, 3) && AGREE(1, 3) && AGREE(2, 3))

#if BALLOTS == 2
#define AGREEMENT AGREE_2
#elif BALLOTS == 3
#define AGREEMENT AGREE_3
#else
#define AGREEMENT AGREE_4
#endif

#define PHASE_2B(a, b)                                                                             \
  :: d_step {                                                                                      \
    proposed[b] != 0 && (b) + 1 >= max_ballot[a] && voted[AT(a, b)] == 0 ->                        \
    max_ballot[a] = (b) + 1;                                                                       \
    vote_ballot[a] = (b) + 1;                                                                      \
    vote_value[a] = proposed[b];                                                                   \
    voted[AT(a, b)] = proposed[b];                                                                 \
    assert(AGREEMENT)                                                                              \
  }

#define BALLOT(b)                                                                                  \
  PHASE_1A(b)                                                                                      \
  PHASE_1B(0, b) PHASE_1B(1, b) PHASE_1B(2, b)                                                     \
  PHASE_2A(b, 1) PHASE_2A(b, 2)                                                                    \
  PHASE_2B(0, b) PHASE_2B(1, b) PHASE_2B(2, b)

active proctype everybody() {
end:
  do
  BALLOT(0)
  BALLOT(1)
#if BALLOTS > 2
  BALLOT(2)
#endif
#if BALLOTS > 3
  BALLOT(3)
#endif
  od
}
