//! What went wrong elsewhere: bugs that other gateways, hosts and clients reported, each as a test named after what was
//! seen. Nearly all run through every pair of dialects, whole and streamed; what a client reads is read by the rules of
//! its dialect (`kit::client`), not by our own decoders.
//!
//! | seen elsewhere | here | beside it |
//! |---|---|---|
//! | calls merged, misnumbered, emptied, lost; state glued to ids | `answers::parallel_calls_were_merged_into_one` | streams `vllm_all_calls_index_0`, `indexes_from_1_without_ids`, `name_after_arguments`, `xai_whole_calls` |
//! | arguments only in the last event | `answers::arguments_that_came_late_were_lost` | `arguments_only_when_done` |
//! | arguments that are no JSON | `answers::broken_arguments_broke_the_answer`, `history::broken_arguments_in_the_history_broke_the_request` | `invalid_arguments` |
//! | `stop` behind a call, an empty block before it | `answers::a_call_ended_like_a_plain_answer`, `an_empty_block_stood_before_the_call` | `stop_but_calls`, `ollama_empty_finish` |
//! | no head before a call; a second head; a delta of no open block | `answers::an_answer_that_began_with_a_call_had_no_head` | `anthropic::written_answers`, `openai_responses::grammar` |
//! | thinking as text, thinking that swallowed calls, a signed text as thinking | `answers::thinking_was_mixed_up_with_the_answer` | `deepseek_reasoning_then_calls`, `signature_on_text` |
//! | cut, filtered, blocked, refused answers as normal ends | `answers::a_cut_or_filtered_answer_looked_finished`, `a_blocked_prompt_was_an_empty_success`, `a_refusal_was_a_normal_end` | `max_output`, `content_filter`, `safety` |
//! | a truncated stream as a success, no last event, an error outside of its place | `answers::half_an_answer_was_a_success` | `truncated…`, `bad_truncated…`, `bad_failed_error_outside` |
//! | ids of events and of the final answer differ | `answers::the_final_answer_had_other_ids_than_its_events` | `final_ids_differ`, `openai_responses::grammar` |
//! | tokens counted twice, not at all, in the wrong place | `answers::cached_tokens_were_counted_twice_or_not_at_all` | `ir::hosts_that_send_exclusive_counts_in_inclusive_fields` |
//! | no end without counts; counts repeated or late | `answers::an_answer_without_counts_never_ended` | `start_without_usage`, `groq_usage_twice`, `usage_in_every_chunk`, `usage_after_finish` |
//! | one choice for each message item | `answers::the_plan_was_shown_and_the_answer_thrown_away` | `several_messages` |
//! | U+2028 or `[DONE]` inside of text | `answers::words_that_look_like_framing_ended_the_answer` | `line_breaks_and_done`, `sse::the_framing_matrix` |
//! | comments relayed as data, padding before JSON | | `sse::the_framing_matrix`, `openrouter` |
//! | content as a list of typed chunks | | `mistral_chunks`, `mistral_typed_chunks` |
//! | results not next to their calls, out of order, named after ids, without calls; calls without results | `history` | `writes_results`, `anthropic::history`, `missing_result`, `orphan_output`, `paired_by_item_id` |
//! | system text in the middle, empty blocks, null content | `history` | `mid_system`, `empty_blocks`, `nulls_are_absent` |
//! | state lost over turns, sent to another vendor, invented, written anew | `state` | the `opaque_state` of each dialect, `ledger` |
//! | schemas refused, tools in another order, strict unasked | `schemas` | `gemini::writes_requests`, `schemas` |
//! | bounds, efforts, seeds, choices dropped; things added; users told | `requests` | `something_was_added…` has the whole list |
//! | errors of another class, without their cause or wait, swallowed | `errors` | `tests/integration/test_elsewhere.py`, `test_wire_faults.py` |
//! | state of a stream that survived a retry | | `a_fault_that_passes_is_not_seen` (tests/sdk) |
//! | counts of tokens: 404, inflated, refused without a user | | `tests/integration/test_models.py` |
//! | redirects with keys, bombs, smuggling, two models, a call left open | | `test_elsewhere.py`, `bombs`, `test_http_edges.py`, `test_bad_input.py`, `test_streams.py` |

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod answers;
mod errors;
mod history;
mod kit;
mod requests;
mod schemas;
mod state;
