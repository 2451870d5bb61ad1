//! The gradient against differences, the corpus against its rules, and that training is the same twice.

use std::{string::String, vec, vec::Vec};

use super::{model::Window, *};
use crate::sample::Random;

const TINY: Dimensions = Dimensions {
    vocabulary: 272,
    width: 32,
    layers: 2,
    hidden: 32,
    context: 64,
};

fn corpus() -> Corpus {
    let documents = "A paragraph that is long enough to be learnt from, in a text that is otherwise of no interest whatsoever.";
    Corpus::new(
        "# A comment.\n? Who are you? | Who?\nA model.\n\n? What?\nThis.\n",
        documents,
        &[],
    )
    .unwrap()
}

fn window(random: &mut Random) -> Window {
    let tokens: Vec<u16> = (0..64).map(|_| random.below(272) as u16).collect();
    Window {
        next: tokens.iter().map(|token| (token * 7 + 1) % 272).collect(),
        weight: (0..64).map(|i| (i % 3) as f32).collect(),
        begins: (0..64).map(|i| if i < 20 { 0 } else { 20 }).collect(),
        tokens,
    }
}

#[test]
fn learn_gradient_is_what_differences_say() {
    let mut random = Random::new(3);
    let mut model = Model::new(TINY, &mut random);
    let window = window(&mut random);
    // Away from the start, where half of the matrices are zero.
    for parameter in model.parameters() {
        for x in &mut parameter.value {
            *x += (random.unit() - 0.5) * 0.3;
        }
    }
    model.learn(&window, 1.0);
    let gradients: Vec<Vec<f32>> = model
        .parameters()
        .map(|parameter| parameter.gradient.clone())
        .collect();
    for (index, gradient) in gradients.iter().enumerate() {
        // Along the gradient itself the difference is largest, and rounding matters least.
        let norm: f32 = gradient.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!(norm > 1e-4, "parameter {index} has no gradient");
        let mut at = |by: f32| {
            let parameter = model.parameters().nth(index).unwrap();
            for (x, gradient) in parameter.value.iter_mut().zip(gradient) {
                *x += by * gradient / norm;
            }
            parameter.step_nothing();
            let loss = model.learn(&window, 1.0);
            let parameter = model.parameters().nth(index).unwrap();
            for (x, gradient) in parameter.value.iter_mut().zip(gradient) {
                *x -= by * gradient / norm;
            }
            parameter.step_nothing();
            loss
        };
        let slope = (at(0.01) - at(-0.01)) / 0.02;
        assert!(
            (slope - norm).abs() <= 0.03 * norm + 2e-3,
            "parameter {index}: {slope} along a gradient of {norm}"
        );
    }
}

#[test]
fn train_twice_is_the_same_file_and_learns() {
    let corpus = corpus();
    let plan = Plan {
        dimensions: TINY,
        steps: 30,
        windows: 1,
        seed: 5,
    };
    let (merges, tokenizer) = tokenizer(&corpus, TINY.vocabulary);
    let run = || {
        let mut losses = vec![];
        let model = train(&plan, &corpus, &tokenizer, |_, loss| losses.push(loss));
        (weights_file(&model, &merges, &tokenizer, &corpus), losses)
    };
    let (file, losses) = run();
    assert_eq!(run().0, file);
    assert!(losses[29] < 0.75 * losses[0], "{losses:?}");
}

#[test]
fn window_counts_only_what_follows_within_a_document() {
    let corpus = corpus();
    let (_, tokenizer) = tokenizer(&corpus, TINY.vocabulary);
    let mut random = Random::new(1);
    for _ in 0..50 {
        let window = corpus.window(&tokenizer, 64, &mut random);
        for i in 0..64 {
            assert!(window.begins[i] <= i);
            if i > 0 {
                assert_eq!(window.next[i - 1], window.tokens[i]);
                if window.begins[i] == i {
                    assert_eq!(window.weight[i - 1], 0.0);
                }
            }
        }
    }
}

#[test]
fn new_answers_without_question_are_refused() {
    let error = Corpus::new("An answer.\n", "", &[]).unwrap_err();
    assert_eq!(error, CorpusError::Answer("An answer.".into()));
}

#[test]
fn prose_leaves_out_code_and_marks() {
    let source = "/// Returns the [`Option`] `x`, see [there](http://a.b), which is a sentence long enough to be kept as one.\n\
        ///\n/// ```\n/// let x = 1; // A line that is not prose at all, however long it may be, and ends with a stop.\n/// ```\nfn x() {}\n";
    let pieces = super::prose::of_sources(&[String::from(source), String::from(source)]);
    assert_eq!(
        pieces,
        ["Returns the Option x, see there, which is a sentence long enough to be kept as one."]
    );
}
