#pragma once

/// The public interface of bwlab in one include: the tree, its options, the default traits, the
/// policies that other traits are put together from, and the types of results. The shortest use:
///
///     auto tree = bwlab::BwTree<bwlab::DefaultTraits>::Open();  // Result: check ok()
///     auto session = tree.value()->OpenSession();               // one a thread
///     session.value().Insert(1, 10);                            // OpResult::kOk
///
/// Left out are the policies that need more than the standard library and xsimd: who chooses one
/// includes its header and links its library.

#include "bwlab/base/status.h"                             // IWYU pragma: export
#include "bwlab/bwtree/bw_multi_map.h"                     // IWYU pragma: export
#include "bwlab/bwtree/bw_tree.h"                          // IWYU pragma: export
#include "bwlab/bwtree/linked_editor.h"                    // IWYU pragma: export
#include "bwlab/bwtree/packed_editor.h"                    // IWYU pragma: export
#include "bwlab/bwtree/tree_options.h"                     // IWYU pragma: export
#include "bwlab/policy/allocator/pool.h"                   // IWYU pragma: export
#include "bwlab/policy/allocator/system.h"                 // IWYU pragma: export
#include "bwlab/policy/backoff/backoff.h"                  // IWYU pragma: export
#include "bwlab/policy/concepts.h"                         // IWYU pragma: export
#include "bwlab/policy/consolidation/consolidation.h"      // IWYU pragma: export
#include "bwlab/policy/default_traits.h"                   // IWYU pragma: export
#include "bwlab/policy/reclamation/epoch_centralized.h"    // IWYU pragma: export
#include "bwlab/policy/reclamation/epoch_decentralized.h"  // IWYU pragma: export
#include "bwlab/policy/reclamation/leak.h"                 // IWYU pragma: export
#include "bwlab/policy/reclamation/qsbr.h"                 // IWYU pragma: export
#include "bwlab/policy/search/scalar.h"                    // IWYU pragma: export
#include "bwlab/policy/search/simd.h"                      // IWYU pragma: export
#include "bwlab/policy/stats/stats.h"                      // IWYU pragma: export
#include "bwlab/record/record_types.h"                     // IWYU pragma: export
