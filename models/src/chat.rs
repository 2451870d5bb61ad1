//! How a conversation becomes a prompt.
//!
//! Each turn is a special token for who speaks, the text, and [`Special::End`]; then comes the token after which the model speaks.

use alloc::{string::String, vec::Vec};

use crate::tokenizer::{Special, Token, Tokenizer};

/// The most bytes of text that are made into a prompt: many times what fits into the context, so that only the time for it is bounded.
pub const MAX_PROMPT_BYTES: usize = 1 << 16;

/// Who says something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Whoever sets up the conversation.
    System,
    /// A person.
    User,
    /// The model.
    Assistant,
}

/// What somebody says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// Why turns are no prompt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PromptError {
    /// Nobody says anything.
    Empty,
    /// The prompt leaves no room in the context for an answer of one token.
    TooLong {
        /// Tokens of the prompt; 0 when there were more than [`MAX_PROMPT_BYTES`] bytes, of which none was counted.
        tokens: usize,
        /// Tokens that the context has.
        context: usize,
    },
}

/// The tokens after which the model answers `turns`, with room for at least one more in `context`.
pub fn prompt(
    tokenizer: &Tokenizer,
    turns: &[Turn],
    context: usize,
) -> Result<Vec<Token>, PromptError> {
    if turns.is_empty() {
        return Err(PromptError::Empty);
    }
    if turns.iter().map(|turn| turn.text.len()).sum::<usize>() > MAX_PROMPT_BYTES {
        return Err(PromptError::TooLong { tokens: 0, context });
    }
    let mut tokens = Vec::new();
    for turn in turns {
        tokens.push(match turn.role {
            Role::System => Special::System as Token,
            Role::User => Special::User as Token,
            Role::Assistant => Special::Assistant as Token,
        });
        tokens.extend(tokenizer.encode(turn.text.trim()));
        tokens.push(Special::End as Token);
    }
    tokens.push(Special::Assistant as Token);
    match tokens.len() < context {
        true => Ok(tokens),
        false => Err(PromptError::TooLong {
            tokens: tokens.len(),
            context,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn turn(role: Role, text: &str) -> Turn {
        Turn {
            role,
            text: text.into(),
        }
    }

    #[test]
    fn prompt_marks_each_turn_and_whose_turn_it_is() {
        let tokenizer = Tokenizer::new(&[]).unwrap();
        let turns = [turn(Role::System, "a"), turn(Role::User, " b\n")];
        let expected = [257, 97, 260, 258, 98, 260, 259];
        assert_eq!(prompt(&tokenizer, &turns, 8), Ok(expected.to_vec()));
        assert_eq!(
            prompt(&tokenizer, &turns, 7),
            Err(PromptError::TooLong {
                tokens: 7,
                context: 7
            })
        );
        assert_eq!(prompt(&tokenizer, &[], 8), Err(PromptError::Empty));
    }

    #[test]
    fn prompt_of_endless_text_is_refused_uncounted() {
        let tokenizer = Tokenizer::new(&[]).unwrap();
        let turns = vec![turn(Role::User, &"a".repeat(MAX_PROMPT_BYTES / 2 + 1)); 2];
        assert_eq!(
            prompt(&tokenizer, &turns, 8),
            Err(PromptError::TooLong {
                tokens: 0,
                context: 8
            })
        );
    }
}
