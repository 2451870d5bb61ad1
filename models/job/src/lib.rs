//! The small language model as a job: input 0 is a request, input 1 the weights, the output is events (both as in
//! `noema_language_model::wire`). A request that is none, or weights that are none, fail the job.

#![cfg_attr(target_arch = "wasm32", no_std)]

noema_job::job!(job::run);

#[cfg(target_arch = "wasm32")]
mod job {
    use core::ops::ControlFlow;

    use noema_language_model::{
        embed, generate, prompt,
        wire::{Event, Request},
        Weights,
    };

    pub(super) fn run() {
        let (Some(request), Some(weights)) = (noema_job::input(0), noema_job::input(1)) else {
            noema_job::fail("expected two inputs: a request and the weights");
        };
        let Ok(request) = Request::decode(&request) else {
            noema_job::fail("input 0 is no request of version 1");
        };
        let Ok(weights) = Weights::read(&weights) else {
            noema_job::fail("input 1 is no weights file of version 1");
        };
        match request {
            Request::Chat { turns, options } => {
                let context = weights.dimensions().context;
                let tokens = match prompt(weights.tokenizer(), &turns, context) {
                    Ok(tokens) => tokens,
                    Err(why) => return tell(&Event::Refused(why)),
                };
                tell(&Event::Begin {
                    prompt_tokens: tokens.len() as u32,
                });
                let generation = generate(&weights, &tokens, &options, |text, tokens| {
                    tell(&Event::Piece {
                        tokens,
                        text: text.into(),
                    });
                    ControlFlow::Continue(())
                });
                tell(&Event::End(generation));
            }
            Request::Embed(texts) => {
                for (done, text) in (1..).zip(&texts) {
                    match embed(&weights, text) {
                        Ok((vector, tokens)) => tell(&Event::Embedding {
                            tokens: tokens as u32,
                            vector,
                        }),
                        Err(why) => return tell(&Event::Refused(why)),
                    }
                    noema_job::progress(done, texts.len() as u64);
                }
            }
        }
    }

    fn tell(event: &Event) {
        noema_job::write(&event.encode());
    }
}
