//! The engine that every gateway has in it: a small language model that runs as a job.

use async_trait::async_trait;
use futures::StreamExt;
use noema_compute_engine::{
    builtin::{Answer, BuiltIn, Endpoint},
    job::{RunnerConfig, StartError},
};
use tokio::sync::OnceCell;

use super::{Engine, EngineAnswer, EngineError, EngineRequest};
use crate::openai::Route;

/// What a configuration says instead of an address.
pub const BUILT_IN: &str = "built-in";

/// The built-in engine under the name of a service's model.
#[derive(Debug)]
pub struct BuiltInEngine {
    model: String,
    // Compiling the model's job takes a second or two.
    engine: OnceCell<BuiltIn>,
}

impl BuiltInEngine {
    /// Compiles nothing yet.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            engine: OnceCell::new(),
        }
    }

    async fn engine(&self) -> Result<&BuiltIn, EngineError> {
        let make = || async {
            let RunnerConfig { slots, waiting, .. } = RunnerConfig::default();
            BuiltIn::with(&self.model, slots, waiting).await
        };
        let made = self.engine.get_or_try_init(make).await;
        made.map_err(|error: StartError| EngineError::Unreachable(error.to_string()))
    }
}

#[async_trait]
impl Engine for BuiltInEngine {
    async fn prepare(&self) -> Result<(), EngineError> {
        self.engine().await.map(|_| ())
    }

    async fn answer(&self, request: EngineRequest) -> Result<EngineAnswer, EngineError> {
        let endpoint = match request.route {
            Route::Chat => Endpoint::ChatCompletions,
            Route::Embeddings => Endpoint::Embeddings,
        };
        let engine = self.engine().await?;
        Ok(match engine.answer(endpoint, &request.body).await {
            Answer::Whole { status, body } => EngineAnswer::Whole { status, body },
            Answer::Stream(events) => EngineAnswer::Stream(events.map(Ok).boxed()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    fn ask(route: Route, body: &Value) -> EngineRequest {
        EngineRequest {
            route,
            stream: body["stream"] == true,
            body: body.to_string().into(),
        }
    }

    #[tokio::test]
    async fn it_answers_under_the_name_of_the_service() {
        let engine = BuiltInEngine::new("mini/2");
        engine.prepare().await.unwrap();
        let messages = json!([{ "role": "user", "content": "What is a voucher?" }]);
        let mut body = json!({ "model": "mini/2", "messages": messages, "max_tokens": 8 });
        let EngineAnswer::Whole { status, body: text } =
            engine.answer(ask(Route::Chat, &body)).await.unwrap()
        else {
            panic!("a whole answer was asked for")
        };
        let whole: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            (status, &whole["model"]),
            (200, &json!("mini/2")),
            "{whole}"
        );
        assert!(whole["usage"]["completion_tokens"].as_u64().unwrap() > 0);

        body["stream"] = json!(true);
        body["stream_options"] = json!({ "include_usage": true });
        let EngineAnswer::Stream(events) = engine.answer(ask(Route::Chat, &body)).await.unwrap()
        else {
            panic!("a stream was asked for")
        };
        let events: Vec<_> = events.map(Result::unwrap).collect().await;
        let text = String::from_utf8(events.concat()).unwrap();
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        assert!(text.contains("\"completion_tokens\""), "{text}");

        let body = json!({ "model": "mini/2", "input": ["a", "b"] });
        let answer = engine.answer(ask(Route::Embeddings, &body)).await.unwrap();
        assert!(matches!(answer, EngineAnswer::Whole { status: 200, .. }));
        let body = json!({ "model": "other", "input": "a" });
        let answer = engine.answer(ask(Route::Embeddings, &body)).await.unwrap();
        assert!(matches!(answer, EngineAnswer::Whole { status: 404, .. }));
    }
}
