//! What the note says, tried.

mod answers;
mod attacks;
mod authors;
mod counts;
mod detection;
mod figures;
mod frequency;
mod histories;
mod honest;
mod laziness;
mod money;
mod scene;
mod silent;
mod ticks;
