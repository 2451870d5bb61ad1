//! Parameters and the steps they take: Muon (Jordan and others, 2024) for the matrices, whose momentum is made orthogonal before it is followed;
//! Adam (Kingma and Ba, 2015) for the embedding and the gains.

use std::{vec, vec::Vec};

use super::gemm::{multiply_add, transposed, View};
use crate::sample::Random;

/// How large steps are, over a run.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Steps of the run.
    pub steps: usize,
}

impl Schedule {
    /// Grows over the first twentieth, stays, and falls to a hundredth over the second half.
    fn rate(&self, step: usize) -> f32 {
        let done = (step as f32 + 0.5) / self.steps as f32;
        if done < 0.05 {
            done / 0.05
        } else if done < 0.5 {
            1.0
        } else {
            2.0 * (1.0 - done) + 0.01
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    /// A matrix that is this many square ones below each other, as far as the optimiser is concerned.
    Matrix(usize),
    Table,
    Gain,
}

/// Numbers that are learnt.
pub(super) struct Parameter {
    kind: Kind,
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    pub(super) value: Vec<f32>,
    pub(super) gradient: Vec<f32>,
    momentum: Vec<f32>,
    /// Mean squares of the gradient, where Adam is used.
    squares: Vec<f32>,
    /// The matrix turned over, as long as it has not changed.
    turned: Option<Vec<f32>>,
}

impl Parameter {
    fn new(kind: Kind, shape: [usize; 2], value: Vec<f32>) -> Self {
        let zeros = vec![0.0; value.len()];
        Self {
            kind,
            shape,
            gradient: zeros.clone(),
            momentum: zeros.clone(),
            squares: zeros,
            value,
            turned: None,
        }
    }

    pub(super) fn matrix(rows: usize, columns: usize, parts: usize, random: &mut Random) -> Self {
        // Uniform, with the deviation 0.7 / √columns: outputs a little below the size of the inputs.
        let bound = 1.2 * crate::math::inverse_sqrt(columns as f32);
        let value = (0..rows * columns)
            .map(|_| (2.0 * random.unit() - 1.0) * bound)
            .collect();
        Self::new(Kind::Matrix(parts), [rows, columns], value)
    }

    /// Matrices that write to the state begin at zero: every layer first does nothing.
    pub(super) fn zero_matrix(rows: usize, columns: usize) -> Self {
        Self::new(Kind::Matrix(1), [rows, columns], vec![0.0; rows * columns])
    }

    pub(super) fn table(rows: usize, columns: usize, random: &mut Random) -> Self {
        let value = (0..rows * columns)
            .map(|_| (2.0 * random.unit() - 1.0) * 0.05)
            .collect();
        Self::new(Kind::Table, [rows, columns], value)
    }

    pub(super) fn gain(width: usize) -> Self {
        Self::new(Kind::Gain, [1, width], vec![1.0; width])
    }

    pub(super) fn turned(&mut self) -> &[f32] {
        let ([rows, columns], value) = (self.shape, &self.value);
        self.turned
            .get_or_insert_with(|| transposed(View::new(value, columns), rows, columns))
    }

    pub(super) fn step(&mut self, schedule: &Schedule, step: usize) {
        let rate = schedule.rate(step);
        match self.kind {
            Kind::Matrix(parts) => self.muon(0.02 * rate, parts),
            Kind::Table => self.adam(0.004 * rate, step),
            Kind::Gain => self.adam(0.01 * rate, step),
        }
        self.gradient.fill(0.0);
        self.turned = None;
    }

    /// Forgets the gradient, after the value was changed by hand.
    #[cfg(test)]
    pub(super) fn step_nothing(&mut self) {
        self.gradient.fill(0.0);
        self.turned = None;
    }

    fn adam(&mut self, rate: f32, step: usize) {
        const BETA: [f32; 2] = [0.9, 0.98];
        let mut corrections = [1.0f32; 2];
        for (correction, beta) in corrections.iter_mut().zip(BETA) {
            let power = (0..=step.min(10_000)).fold(1.0f32, |power, _| power * beta);
            *correction = 1.0 / (1.0 - power);
        }
        let moments = self.momentum.iter_mut().zip(&mut self.squares);
        for ((value, gradient), (mean, square)) in
            self.value.iter_mut().zip(&self.gradient).zip(moments)
        {
            *mean = BETA[0] * *mean + (1.0 - BETA[0]) * gradient;
            *square = BETA[1] * *square + (1.0 - BETA[1]) * gradient * gradient;
            *value -= rate * (*mean * corrections[0]) / ((*square * corrections[1]).sqrt() + 1e-8);
        }
    }

    fn muon(&mut self, rate: f32, parts: usize) {
        const MOMENTUM: f32 = 0.95;
        const DECAY: f32 = 0.02;
        let [rows, columns] = [self.shape[0] / parts, self.shape[1]];
        let size = rows * columns;
        // So that the step's size per element does not depend on the shape.
        let rate = rate * (rows as f32 / columns as f32).max(1.0).sqrt();
        for part in 0..parts {
            let range = part * size..(part + 1) * size;
            let momentum = &mut self.momentum[range.clone()];
            let gradient = &self.gradient[range.clone()];
            // Nesterov's: where the momentum will have led.
            let mut ahead = vec![0.0; size];
            for ((ahead, mean), gradient) in ahead.iter_mut().zip(momentum).zip(gradient) {
                *mean = MOMENTUM * *mean + (1.0 - MOMENTUM) * gradient;
                *ahead = MOMENTUM * *mean + (1.0 - MOMENTUM) * gradient;
            }
            let direction = if rows > columns {
                let turned = transposed(View::new(&ahead, columns), rows, columns);
                let orthogonal = orthogonal(turned, columns, rows);
                transposed(View::new(&orthogonal, rows), columns, rows)
            } else {
                orthogonal(ahead, rows, columns)
            };
            for (value, direction) in self.value[range].iter_mut().zip(direction) {
                *value -= rate * (direction + DECAY * *value);
            }
        }
    }
}

/// The nearest matrix with singular values near 1, by five steps of a Newton-Schulz iteration. At most as many rows as columns.
fn orthogonal(mut x: Vec<f32>, rows: usize, columns: usize) -> Vec<f32> {
    const COEFFICIENTS: [f32; 3] = [3.444_5, -4.775, 2.031_5];
    let norm = x.iter().map(|x| x * x).sum::<f32>().sqrt() + 1e-12;
    for x in &mut x {
        *x /= norm;
    }
    for _ in 0..5 {
        let turned = transposed(View::new(&x, columns), rows, columns);
        let mut square = vec![0.0; rows * rows];
        multiply_add(
            View::new(&x, columns),
            View::new(&turned, rows),
            &mut square,
            rows,
            [rows, columns, rows],
        );
        let mut fourth = vec![0.0; rows * rows];
        multiply_add(
            View::new(&square, rows),
            View::new(&square, rows),
            &mut fourth,
            rows,
            [rows, rows, rows],
        );
        for (fourth, square) in fourth.iter_mut().zip(&square) {
            *fourth = COEFFICIENTS[1] * square + COEFFICIENTS[2] * *fourth;
        }
        let mut next: Vec<f32> = x.iter().map(|x| COEFFICIENTS[0] * x).collect();
        multiply_add(
            View::new(&fourth, rows),
            View::new(&x, columns),
            &mut next,
            columns,
            [rows, rows, columns],
        );
        x = next;
    }
    x
}
