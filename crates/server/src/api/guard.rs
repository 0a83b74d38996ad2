//! Who may ask: a page from elsewhere may not, whatever it calls this server (DNS rebinding), and where there is a token,
//! who does not have it may not.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::{Context, Refusal, refusal};
use crate::limits;

pub(crate) struct Guard {
    address: SocketAddr,
    token: Option<String>,
}

/// Nothing from elsewhere, and nobody frames the page. `data:` and `blob:` are pictures that the page makes itself,
/// and the editor writes its own style sheets.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; \
                      style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

pub(super) async fn check(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let mut response = match context.guard.admit(&request) {
        Ok(None) => refusal::told(next.run(request).await).await,
        Ok(Some(answer)) => answer,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        // What it goes on to send is not read.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

impl Guard {
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Guard {
        Guard { address, token }
    }

    /// Lets a request through, or answers it.
    fn admit(&self, request: &Request) -> Result<Option<Response>, Refusal> {
        let headers = request.headers();
        let host = text(headers, &HOST).ok_or_else(|| Refusal::bad("a request says which Host it wants"))?;
        if !self.is_ours(host) {
            let refusal = Refusal::new(StatusCode::FORBIDDEN, format!("`{host}` is not this server"));
            return Err(refusal.hint("ask it by the address that it printed when it started"));
        }
        if headers.contains_key(ORIGIN) && !text(headers, &ORIGIN).is_some_and(|origin| is_from(origin, host))
        {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "a page from elsewhere may not ask this server"));
        }
        let length = text(headers, &CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > limits::BODY as u64) {
            return Err(Refusal::too_large());
        }
        self.ask_token(request)
    }

    /// Without a token only names of this machine will do; with one, who has none gets no further anyway.
    fn is_ours(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = name.parse().ok();
        self.token.is_some()
            || name.eq_ignore_ascii_case("localhost")
            || address.is_some_and(|it| it.is_loopback() || it == self.address.ip())
    }

    fn ask_token(&self, request: &Request) -> Result<Option<Response>, Refusal> {
        let Some(token) = &self.token else { return Ok(None) };
        let headers = request.headers();
        let bearer = text(headers, &AUTHORIZATION).and_then(|it| it.strip_prefix("Bearer "));
        let cookies = headers.get_all(COOKIE).iter().filter_map(|it| it.to_str().ok());
        let name = self.cookie();
        let of_cookie = cookies
            .flat_map(|it| it.split(';'))
            .filter_map(|it| it.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value));
        if bearer.into_iter().chain(of_cookie).any(|it| is_same(it, token)) {
            return Ok(None);
        }
        match request.uri().query().and_then(|query| query.strip_prefix("token=")) {
            Some(given) if request.uri().path() == "/" && is_same(given, token) => {
                Ok(Some(self.welcome(token)))
            }
            _ => {
                let refusal = Refusal::new(StatusCode::UNAUTHORIZED, "this server wants a token");
                Err(refusal.hint(
                    "open the address that it printed when it started, or send `Authorization: Bearer TOKEN`",
                ))
            }
        }
    }

    /// Cookies do not know ports; other servers on this machine may have a token too.
    fn cookie(&self) -> String {
        format!("tarsier_{}", self.address.port())
    }

    /// Keeps the token out of the address from here on.
    fn welcome(&self, token: &str) -> Response {
        let cookie = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict", self.cookie());
        let headers = [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether an origin is a page of the server that was asked.
fn is_from(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|it| it.eq_ignore_ascii_case(host))
}

/// Takes the same time wherever two texts of one length differ.
fn is_same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && std::hint::black_box(differences) == 0
}
