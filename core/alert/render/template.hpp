#pragma once
// A body by a template of the user's, for receivers that nobody has written yet: Mustache over the event as the webhook
// knows it. Logic-less on purpose: it repeats what the event lists, and can do nothing else.
//
//   {"text": "{{summary}}", "why": {{{json.why}}}, "items": [{{#incident}}"{{id}}"{{/incident}}]}
//
// `{{name}}` is escaped for the content type, so that no text of the platform ends a string or begins a tag;
// `{{{name}}}` is not. `{{{json.NAME}}}` is the value as JSON, lists and quotes included. What a template can get wrong
// is found before it is used: it is rendered over a sample of every kind of event.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace readback {

/// A mistake in a template, and where it stands.
struct TemplateFault {
  int line = 0, column = 0;  ///< from 1
  std::string text, suggestion;
};

inline constexpr std::size_t largest_template = 32 << 10;  ///< bytes
inline constexpr std::size_t largest_rendered = 256 << 10;

/// All that is wrong with it: tags that do not fit, names that no event has, and, for a JSON content type, samples that
/// do not come out as JSON.
std::vector<TemplateFault> faults_of_template(std::string_view text, std::string_view content_type);

/// `event` is a JSON object. Nothing when the template does not fit, or what it makes of the event is too large.
std::optional<std::string> render_template(std::string_view text, std::string_view content_type,
                                           std::string_view event);

}  // namespace readback
