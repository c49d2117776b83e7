//! How the topic of a record comes from its row, as configured.

use std::fmt;

use regex::bytes::{Captures, Regex};

use crate::Role;
use crate::replacement::{Replacement, ReplacementError};
use crate::template::{Piece, Template, TemplateError};
use crate::topic::{TopicName, TopicNameError, check_characters};

/// How the topic of a record comes from its row.
///
/// ```
/// use outflow_event_router::TopicRule;
///
/// assert!(TopicRule::template("{aggregate_type}.events").is_ok());
/// assert!(TopicRule::regex("(?<type>.*)", "outbox.event.${type}").is_ok());
///
/// // What can never give a topic is refused before the first record.
/// assert!(TopicRule::template("{aggregate_type} events").is_err());
/// assert!(TopicRule::regex("(.*)", "outbox.$2").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicRule {
    /// A text with fields.
    Template(TopicTemplate),
    /// A pattern on the aggregate type, and what takes its place.
    Regex(RegexRule),
}

impl TopicRule {
    /// A text with fields.
    ///
    /// # Errors
    ///
    /// [`TopicRuleError::Template`] for what does not parse, [`TopicRuleError::Name`] for text that
    /// no topic name can have.
    pub fn template(template: &str) -> Result<Self, TopicRuleError> {
        Ok(Self::Template(TopicTemplate::new(Template::parse(
            template,
        )?)?))
    }

    /// A pattern on the aggregate type, and what takes its place.
    ///
    /// # Errors
    ///
    /// [`TopicRuleError`] for a pattern or a replacement that does not parse, and for text that no
    /// topic name can have.
    pub fn regex(pattern: &str, replacement: &str) -> Result<Self, TopicRuleError> {
        Ok(Self::Regex(RegexRule::new(pattern, replacement)?))
    }
}

impl Default for TopicRule {
    /// `{aggregate_type}.events`.
    fn default() -> Self {
        let fields = Template::role(Role::AggregateType);
        Self::Template(TopicTemplate(fields.then(".events")))
    }
}

/// A template whose own text can stand in the name of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTemplate(Template);

impl TopicTemplate {
    /// Checks the text between the fields.
    fn new(template: Template) -> Result<Self, TopicRuleError> {
        let mut constant = String::new();
        for piece in template.pieces() {
            if let Piece::Literal(text) = piece {
                check_characters(text.as_bytes()).map_err(TopicRuleError::Name)?;
                constant.push_str(text);
            }
        }
        if template.fields().next().is_none() {
            TopicName::new(&constant).map_err(TopicRuleError::Name)?;
        }
        Ok(Self(template))
    }

    /// The template.
    pub fn as_template(&self) -> &Template {
        &self.0
    }
}

/// Kafka's `RegexRouter`, applied to the aggregate type.
///
/// When the pattern matches the whole value, its first match in the value is replaced; for almost
/// every pattern that is the whole value. A value that does not match is taken unchanged. The
/// replacement is Java's: `$1`, `${name}`, and `\` before a character that stands for itself. The
/// pattern has neither look-around nor back-references.
#[derive(Clone)]
pub struct RegexRule {
    /// What was configured.
    pattern: String,
    /// Finds the first match.
    first: Regex,
    /// Matches the whole value or nothing.
    whole: Regex,
    /// What takes the place of a match.
    replacement: Replacement,
}

impl RegexRule {
    /// Compiles the pattern, alone and anchored, and checks the replacement against it.
    fn new(pattern: &str, replacement: &str) -> Result<Self, TopicRuleError> {
        let compile = |text: &str| {
            Regex::new(text).map_err(|source| TopicRuleError::Pattern {
                source: Box::new(source),
            })
        };
        let first = compile(pattern)?;
        // A comment at the end, which flag x allows, would swallow the closing parenthesis.
        let whole = compile(&format!(r"\A(?:{pattern})\z"))
            .or_else(|_| compile(&format!("\\A(?:{pattern}\n)\\z")))?;
        let replacement = Replacement::parse(replacement, &first)?;
        replacement.check_literals().map_err(TopicRuleError::Name)?;
        Ok(Self {
            pattern: pattern.to_owned(),
            first,
            whole,
            replacement,
        })
    }

    /// The pattern as configured.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The replacement as configured.
    pub fn replacement(&self) -> &str {
        self.replacement.as_str()
    }

    /// Appends the name that comes of a value.
    pub(crate) fn apply(&self, value: &[u8], out: &mut Vec<u8>) {
        if !self.whole.is_match(value) {
            out.extend_from_slice(value);
            return;
        }
        match self.first.captures(value) {
            Some(captures) => self.replace(value, &captures, out),
            None => out.extend_from_slice(value),
        }
    }

    /// Appends the value with its first match replaced.
    fn replace(&self, value: &[u8], captures: &Captures<'_>, out: &mut Vec<u8>) {
        let (start, end) = captures
            .get(0)
            .map_or((0, 0), |found| (found.start(), found.end()));
        out.extend_from_slice(value.get(..start).unwrap_or_default());
        self.replacement.expand(captures, out);
        out.extend_from_slice(value.get(end..).unwrap_or_default());
    }
}

impl fmt::Debug for RegexRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegexRule")
            .field("pattern", &self.pattern())
            .field("replacement", &self.replacement())
            .finish()
    }
}

impl PartialEq for RegexRule {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern(), self.replacement()) == (other.pattern(), other.replacement())
    }
}

impl Eq for RegexRule {}

/// Why a rule for topics can't be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TopicRuleError {
    /// The template does not parse.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The pattern does not compile.
    #[error("the pattern can't be used")]
    Pattern {
        /// What the regular expression engine says.
        source: Box<regex::Error>,
    },
    /// The replacement does not parse, or names a group that the pattern does not have.
    #[error(transparent)]
    Replacement(#[from] ReplacementError),
    /// Every topic would have a name that Kafka refuses.
    #[error(transparent)]
    Name(TopicNameError),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The topic that a rule makes of a value.
    fn topic(pattern: &str, replacement: &str, value: &str) -> String {
        let mut out = Vec::new();
        RegexRule::new(pattern, replacement)
            .unwrap()
            .apply(value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn debeziums_cases_come_out_the_same() {
        let default = ("(?<routedByValue>.*)", "outbox.event.${routedByValue}");
        assert_eq!(topic(default.0, default.1, "Order"), "outbox.event.Order");
        assert_eq!(topic(default.0, default.1, ""), "outbox.event.");
        assert_eq!(topic("foo(.*)", "x", "Order"), "Order");
        assert_eq!(topic("(?<a>.*)r", "x.${a}.$1", "Order"), "x.Orde.Orde");
        assert_eq!(topic(".*", "all-events", "Order"), "all-events");
        assert_eq!(topic("", "x", "Order"), "Order");
    }

    #[test]
    fn the_whole_value_must_match_and_the_first_match_is_replaced() {
        assert_eq!(topic("Ord", "x", "Order"), "Order");
        assert_eq!(topic("Order", "x", "Order\n"), "Order\n");
        assert_eq!(topic("a|ab", "x", "ab"), "xb");
        assert_eq!(topic("(.*?)", "p.$1", "Order"), "p.Order");
        assert_eq!(topic("^(O)rder$", "$1", "Order"), "O");
        assert_eq!(topic("(a)|(b)", "x$1$2", "b"), "xb");
    }

    #[test]
    fn flags_and_comments_in_the_pattern_are_its_own() {
        assert_eq!(topic("(?i)order", "x", "ORDER"), "x");
        assert_eq!(topic("(?x) (O) rder # comment", "x$1", "Order"), "xO");
    }

    #[test]
    fn what_can_never_work_is_refused() {
        let error = |pattern, replacement| TopicRule::regex(pattern, replacement).unwrap_err();
        assert!(matches!(
            error(" [[a-z]", "x"),
            TopicRuleError::Pattern { .. }
        ));
        assert!(matches!(
            error("a)(?:b", "x"),
            TopicRuleError::Pattern { .. }
        ));
        assert!(matches!(
            error("(?=a)a", "x"),
            TopicRuleError::Pattern { .. }
        ));
        assert!(matches!(
            error("(.*)", "${nope}"),
            TopicRuleError::Replacement(_)
        ));
        assert!(matches!(error("(.*)", "a b"), TopicRuleError::Name(_)));
        assert!(matches!(
            error(".*", ""),
            TopicRuleError::Name(TopicNameError::Empty)
        ));
        let error = |template| TopicRule::template(template).unwrap_err();
        assert!(matches!(error("{a"), TopicRuleError::Template(_)));
        assert!(matches!(
            error(""),
            TopicRuleError::Name(TopicNameError::Empty)
        ));
        assert!(matches!(
            error(".."),
            TopicRuleError::Name(TopicNameError::Dots)
        ));
        assert!(matches!(error("{a}/b"), TopicRuleError::Name(_)));
        assert!(TopicRule::template("..{a}").is_ok());
    }

    proptest! {
        /// Prefix and rest, by hand, are what the pattern makes of them.
        #[test]
        fn a_prefix_is_replaced_as_by_hand(value in "[a-c.]{0,8}", prefix in "[a-c]{0,3}") {
            let expected = match value.strip_prefix(&prefix) {
                Some(rest) => format!("t.{rest}-{rest}.{value}"),
                None => value.clone(),
            };
            prop_assert_eq!(topic(&format!("{prefix}(?<rest>.*)"), "t.$1-${rest}.$0", &value), expected);
        }
    }
}
