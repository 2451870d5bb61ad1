//! What the model learns from: conversations made of written answers and of generated exercises, and prose.

use std::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use super::{model::Window, prose, skills};
use crate::{
    sample::Random,
    tokenizer::{words, Special, Token, Tokenizer},
    Role, Turn,
};

/// How much what others than the model say counts: it need not be able to say it, but learns the language from it.
const OTHERS: f32 = 0.1;
/// How much prose counts beside answers.
const PROSE: f32 = 0.5;

const SYSTEMS: [&str; 5] = [
    "You are a helpful assistant.",
    "You are a helpful assistant. Answer briefly.",
    "Answer in plain and exact English.",
    "You are a language model that runs inside a provider of Noema.",
    "Be concise.",
];

/// A piece of the corpus.
#[derive(Clone, Debug)]
pub enum Document {
    /// A conversation.
    Conversation(Vec<Turn>),
    /// Text.
    Prose(String),
}

/// Why files are no corpus.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CorpusError {
    /// A paragraph of the answers is not a line of questions after `? ` with an answer below it.
    Answer(String),
    /// There is too little text to learn from.
    TooLittle,
}

/// What the model learns from.
#[derive(Debug)]
pub struct Corpus {
    answers: Vec<(Vec<String>, String)>,
    prose: Vec<String>,
}

impl Corpus {
    /// `answers`: paragraphs, each a line `? question | question ...` and the answer below it; lines that begin with `#` are comments.
    /// `documents`: texts in Markdown. `sources`: Rust sources, of which the documentation is taken.
    pub fn new(answers: &str, documents: &str, sources: &[String]) -> Result<Self, CorpusError> {
        let paragraphs = answers.split("\n\n").map(|paragraph| {
            let lines = paragraph.lines().filter(|line| !line.starts_with('#'));
            lines.collect::<Vec<_>>().join("\n")
        });
        let answers: Vec<_> = paragraphs
            .filter(|paragraph| !paragraph.trim().is_empty())
            .map(|paragraph| {
                let parts = paragraph
                    .trim()
                    .strip_prefix("? ")
                    .and_then(|rest| rest.split_once('\n'));
                let Some((questions, answer)) = parts else {
                    return Err(CorpusError::Answer(paragraph));
                };
                let questions = questions
                    .split(" | ")
                    .map(|question| question.trim().into())
                    .collect();
                Ok((questions, answer.trim().into()))
            })
            .collect::<Result<_, _>>()?;
        let mut prose = prose::of_markdown(documents);
        prose.extend(prose::of_sources(sources));
        if answers.is_empty() || prose.is_empty() {
            return Err(CorpusError::TooLittle);
        }
        Ok(Self { answers, prose })
    }

    /// Answers that were written, pieces of prose, bytes of each.
    pub fn sizes(&self) -> [usize; 4] {
        let bytes = self
            .answers
            .iter()
            .map(|(questions, answer)| questions.concat().len() + answer.len())
            .sum();
        [
            self.answers.len(),
            self.prose.len(),
            bytes,
            self.prose.iter().map(String::len).sum(),
        ]
    }

    /// Questions with the answers that were written to them.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.answers.iter().flat_map(|(questions, answer)| {
            questions
                .iter()
                .map(move |question| (question.as_str(), answer.as_str()))
        })
    }

    /// A document, drawn.
    pub(crate) fn draw(&self, random: &mut Random) -> Document {
        if random.below(100) < 22 {
            return Document::Prose(self.prose[random.below(self.prose.len())].clone());
        }
        let mut turns = Vec::new();
        if random.below(4) == 0 {
            turns.push((Role::System, SYSTEMS[random.below(SYSTEMS.len())].into()));
        }
        for _ in 0..1 + random.below(3) {
            if random.below(10) < 3 {
                let [question, answer] = skills::exercise(random);
                turns.push((Role::User, question));
                turns.push((Role::Assistant, answer));
            } else {
                let (questions, answer) = &self.answers[random.below(self.answers.len())];
                let question = &questions[random.below(questions.len())];
                turns.push((Role::User, varied(question, random)));
                turns.push((Role::Assistant, answer.clone()));
            }
        }
        Document::Conversation(
            turns
                .into_iter()
                .map(|(role, text)| Turn { role, text })
                .collect(),
        )
    }

    /// A window filled with documents.
    pub(crate) fn window(&self, tokenizer: &Tokenizer, len: usize, random: &mut Random) -> Window {
        let (mut tokens, mut weight, mut begins) = (vec![], vec![], vec![]);
        while tokens.len() <= len {
            let begin = tokens.len();
            let mut push = |some: &[Token], by: f32| {
                tokens.extend_from_slice(some);
                weight.resize(tokens.len(), by);
                begins.resize(tokens.len(), begin);
            };
            match self.draw(random) {
                Document::Prose(text) => {
                    push(&[Special::Document as Token], 0.0);
                    push(&tokenizer.encode(&text), PROSE);
                    push(&[Special::End as Token], PROSE);
                }
                Document::Conversation(turns) => {
                    for turn in turns {
                        let (speaker, by) = match turn.role {
                            Role::System => (Special::System, OTHERS),
                            Role::User => (Special::User, OTHERS),
                            Role::Assistant => (Special::Assistant, 1.0),
                        };
                        push(&[speaker as Token], 0.0);
                        push(&tokenizer.encode(&turn.text), by);
                        push(&[Special::End as Token], by);
                    }
                }
            }
        }
        let next = tokens[1..=len].to_vec();
        // What is said of a token counts where it is expected.
        let weight = (0..len)
            .map(|i| {
                if begins[i + 1] == begins[i] {
                    weight[i + 1]
                } else {
                    0.0
                }
            })
            .collect();
        tokens.truncate(len);
        begins.truncate(len);
        Window {
            tokens,
            next,
            weight,
            begins,
        }
    }

    /// How often each word comes, for the tokenizer: every question and answer, exercises, and a part of the prose.
    pub(super) fn counted_words(&self) -> BTreeMap<Vec<u8>, u64> {
        let mut counted = BTreeMap::new();
        let mut count = |text: &str, by: u64| {
            for word in words(text.as_bytes()) {
                *counted.entry(word.to_vec()).or_default() += by;
            }
        };
        for (questions, answer) in &self.answers {
            count(answer, 12);
            questions.iter().for_each(|question| count(question, 4));
        }
        SYSTEMS.iter().for_each(|system| count(system, 20));
        let mut random = Random::new(1);
        for _ in 0..2_000 {
            skills::exercise(&mut random)
                .iter()
                .for_each(|text| count(text, 1));
        }
        for text in self.prose.iter().step_by(5) {
            count(text, 1);
        }
        counted
    }
}

/// The question as somebody else would type it.
fn varied(question: &str, random: &mut Random) -> String {
    let lower = || {
        let mut letters = question.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    match random.below(10) {
        0 => lower(),
        1 => question.trim_end_matches(['?', '.', '!']).into(),
        2 => lower().trim_end_matches(['?', '.', '!']).into(),
        3 => format!("Please tell me: {}", lower()),
        4 => format!("Hi! {question}"),
        _ => question.into(),
    }
}
