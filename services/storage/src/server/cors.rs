//! Pages of any origin may use the daemon: what it serves is public, and what it takes is allowed by a
//! signed token in a header, never by something that a browser adds by itself.

use std::time::Duration;

use axum::http::{header, Method};
use tower_http::cors::{Any, CorsLayer};

/// How long a browser may remember what is allowed; the longest that they do.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Answers preflight requests and marks all other answers as readable.
pub(super) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::PUT])
        // Named one by one: `*` would not include `Authorization`.
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::RANGE])
        .expose_headers([
            header::ACCEPT_RANGES,
            header::CONTENT_RANGE,
            header::ETAG,
            header::RETRY_AFTER,
        ])
        .max_age(MAX_AGE)
}

#[cfg(test)]
mod tests {
    use noema_commitment::SEGMENT_SIZE;
    use reqwest::{header, Client, Method, Response};

    use crate::{
        frame,
        testing::{Sample, TestProvider},
    };

    const PAGE: &str = "https://app.example";

    fn client() -> Client {
        Client::builder().http1_only().no_proxy().build().unwrap()
    }

    /// The values of a header, in lower case.
    fn listed(answer: &Response, name: header::HeaderName) -> Vec<String> {
        let value = answer.headers()[name].to_str().unwrap();
        value
            .split(',')
            .map(|one| one.trim().to_ascii_lowercase())
            .collect()
    }

    #[tokio::test]
    async fn a_page_may_upload_with_a_token_and_read_every_answer() {
        let sample = Sample::new(SEGMENT_SIZE + 10, 0);
        let provider = TestProvider::start(1, &[&sample]).await;
        let url = format!(
            "{}/v1/files/{}/segments/0",
            provider.endpoint, sample.file.file
        );
        let asking = client()
            .request(Method::OPTIONS, &url)
            .header(header::ORIGIN, PAGE)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .header(
                header::ACCESS_CONTROL_REQUEST_HEADERS,
                "authorization,content-type",
            );
        let preflight = asking.send().await.unwrap();
        assert!(preflight.status().is_success(), "{}", preflight.status());
        assert_eq!(
            listed(&preflight, header::ACCESS_CONTROL_ALLOW_ORIGIN),
            ["*"]
        );
        assert!(listed(&preflight, header::ACCESS_CONTROL_ALLOW_METHODS).contains(&"put".into()));
        let headers = listed(&preflight, header::ACCESS_CONTROL_ALLOW_HEADERS);
        for needed in ["authorization", "content-type", "range"] {
            assert!(headers.contains(&needed.to_owned()), "{headers:?}");
        }
        assert!(!preflight
            .headers()
            .contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));

        let segment = sample.segment(0);
        let upload = client()
            .put(&url)
            .header(header::ORIGIN, PAGE)
            .header(header::AUTHORIZATION, provider.token(&sample).to_header())
            .body(frame::encode(&segment.siblings, &segment.data));
        let upload = upload.send().await.unwrap();
        assert_eq!(upload.status(), 204);
        assert_eq!(listed(&upload, header::ACCESS_CONTROL_ALLOW_ORIGIN), ["*"]);

        // A refusal must be readable as well, or a page could not say what is wrong.
        let refused = client().put(&url).header(header::ORIGIN, PAGE);
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(listed(&refused, header::ACCESS_CONTROL_ALLOW_ORIGIN), ["*"]);
        assert!(
            listed(&refused, header::ACCESS_CONTROL_EXPOSE_HEADERS).contains(&"retry-after".into())
        );
    }
}
