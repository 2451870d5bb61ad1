//! Exercises with one right answer: sums, order, repetition. They are what shows whether the model reads its prompt.

use std::{format, string::String, vec::Vec};

use crate::sample::Random;

const WORDS: [&str; 40] = [
    "red", "blue", "green", "yellow", "black", "white", "silver", "gold", "apple", "pear", "plum",
    "cherry", "lemon", "bread", "honey", "salt", "river", "lake", "island", "forest", "stone",
    "cloud", "rain", "snow", "wind", "sun", "moon", "star", "cat", "dog", "horse", "owl", "fox",
    "bear", "fish", "book", "chair", "lamp", "key", "door",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const NUMBERS: [&str; 13] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
];

/// A question and its answer.
pub(super) fn exercise(random: &mut Random) -> [String; 2] {
    match random.below(10) {
        0..=2 => {
            let (a, b) = (random.below(21), random.below(21));
            let asked = pick(&[" plus ", " + ", " and "], random);
            let question = match asked {
                " and " => format!("Add {a} and {b}."),
                _ => format!("What is {a}{asked}{b}?"),
            };
            [question, format!("{a} plus {b} is {}.", a + b)]
        }
        3 => {
            let (b, difference) = (random.below(11), random.below(11));
            let a = b + difference;
            [
                format!("What is {a} minus {b}?"),
                format!("{a} minus {b} is {difference}."),
            ]
        }
        4 => {
            let (a, b) = (random.below(11), random.below(11));
            [
                format!("What is {a} times {b}?"),
                format!("{a} times {b} is {}.", a * b),
            ]
        }
        5 => {
            let (from, count) = (random.below(12), 2 + random.below(7));
            let numbers: Vec<String> = (from..=from + count)
                .map(|number| format!("{number}"))
                .collect();
            [
                format!("Count from {from} to {}.", from + count),
                format!("{}.", numbers.join(", ")),
            ]
        }
        6 | 7 => {
            let words: Vec<&str> = (0..1 + random.below(5))
                .map(|_| pick(&WORDS, random))
                .collect();
            let words = words.join(", ");
            match random.below(3) {
                0 => [format!("Repeat: {words}"), words],
                1 => [
                    format!("Say these words again: {words}."),
                    format!("{words}."),
                ],
                _ => {
                    let first = words.split(',').next().unwrap_or_default();
                    [
                        format!("What is the first of these words: {words}?"),
                        format!("The first word is {first}."),
                    ]
                }
            }
        }
        8 => match random.below(3) {
            0 => after(&DAYS, "day", random),
            1 => after(&MONTHS, "month", random),
            _ => after(&NUMBERS, "number", random),
        },
        _ => {
            let (a, b) = (random.below(100), random.below(100));
            let answer = match a.cmp(&b) {
                core::cmp::Ordering::Equal => format!("{a} and {b} are equal."),
                _ => format!("{} is larger than {}.", a.max(b), a.min(b)),
            };
            [format!("Which is larger, {a} or {b}?"), answer]
        }
    }
}

fn pick<'a>(from: &[&'a str], random: &mut Random) -> &'a str {
    from[random.below(from.len())]
}

fn after(row: &[&str], what: &str, random: &mut Random) -> [String; 2] {
    let at = random.below(row.len() - 1);
    let (one, next) = (row[at], row[at + 1]);
    if random.below(2) == 0 {
        [
            format!("Which {what} comes after {one}?"),
            format!("After {one} comes {next}."),
        ]
    } else {
        [
            format!("Which {what} comes before {next}?"),
            format!("Before {next} comes {one}."),
        ]
    }
}
