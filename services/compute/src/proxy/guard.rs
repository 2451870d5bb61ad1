//! Who is answered at all.

use axum::{
    extract::{Request, State},
    http::{header, uri::Authority, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::server::App;
use crate::{
    chain::ComputeChain,
    openai::{ApiError, ErrorKind},
};

/// Lets in what a program on this machine asks, and no page of a browser: neither by a foreign name for this address nor from a foreign origin.
pub(super) async fn guard<C: ComputeChain>(
    State(app): State<App<C>>,
    request: Request,
    next: Next,
) -> Response {
    let route = match request.uri().path() {
        "/v1/chat/completions" => "chat",
        "/v1/embeddings" => "embeddings",
        "/v1/jobs" => "jobs",
        "/v1/receipts" => "receipts",
        "/health" => "health",
        "/metrics" => "metrics",
        path if path.starts_with("/v1/models") => "models",
        _ => "other",
    };
    let response = match is_local(&request) {
        true => next.run(request).await,
        false => {
            let message = "only programs on this machine are answered: Host, and Origin if there is one, must be loopback";
            let kind = ErrorKind::Permission;
            ApiError::new(StatusCode::FORBIDDEN, kind, "not_local", message).into_response()
        }
    };
    app.metrics.request(route, response.status().as_str());
    response
}

fn is_local(request: &Request) -> bool {
    let headers = request.headers();
    let host = match headers.get(header::HOST) {
        Some(host) => host.to_str().ok().is_some_and(is_loopback),
        // HTTP/2 has it in the address.
        None => request
            .uri()
            .authority()
            .is_some_and(|authority| is_loopback(authority.as_str())),
    };
    let origin = headers.get_all(header::ORIGIN).iter().all(|origin| {
        let text = origin.to_str().unwrap_or_default();
        let host = text
            .strip_prefix("http://")
            .or(text.strip_prefix("https://"));
        host.is_some_and(is_loopback)
    });
    host && origin
}

fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_known() {
        for local in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:8300",
            "127.9.9.9",
            "[::1]:1",
        ] {
            assert!(is_loopback(local), "{local}");
        }
        for foreign in [
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example",
            "0.0.0.0",
            "10.0.0.1:1",
            "",
            "[::]",
        ] {
            assert!(!is_loopback(foreign), "{foreign}");
        }
    }
}
