//! From a request to a response.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use blocking::unblock;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName,
    HeaderValue, LAST_MODIFIED, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use rustix::io::Errno;

use super::body::Body;
use super::conditional::Conditions;
use super::lookup::{self, Found, Opened, Send};
use super::path::{RequestPath, Root};
use super::range::Wanted;

/// Answers one request.
pub(super) async fn respond(
    root: Arc<Root>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let head = match *request.method() {
        Method::GET => false,
        Method::HEAD => true,
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Ok(response);
        }
    };
    let Some(path) = RequestPath::parse(request.uri().path()) else {
        return Ok(text(StatusCode::BAD_REQUEST));
    };
    let conditions = Conditions::read(request.headers());
    let (found, path) =
        unblock(move || (lookup::find(&root, &path, &conditions, head), path)).await;
    Ok(match found {
        Ok(Found::File(opened)) => file(opened, head),
        Ok(Found::Listing(page)) => {
            let mut response = Response::new(Body::bytes(page));
            insert(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
            response
        }
        Ok(Found::NeedsSlash) => {
            let mut response = text(StatusCode::MOVED_PERMANENTLY);
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            insert(&mut response, LOCATION, &(path.with_slash() + &query));
            response
        }
        Err(error) => text(status(&error)),
    })
}

/// The status for a file that could not be opened. A link that leaves the folder looks like no
/// file.
fn status(error: &io::Error) -> StatusCode {
    match Errno::from_io_error(error) {
        Some(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::XDEV
            | Errno::LOOP
            | Errno::NAMETOOLONG
            | Errno::NXIO,
        ) => StatusCode::NOT_FOUND,
        Some(Errno::ACCESS | Errno::PERM) => StatusCode::FORBIDDEN,
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => StatusCode::SERVICE_UNAVAILABLE,
        _ => {
            super::note(format_args!("{error}"));
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

fn file(opened: Opened, head: bool) -> Response<Body> {
    let Opened { content_type, version, len, send } = opened;
    let mut response = match send {
        Send::NotModified => {
            let mut response = Response::new(Body::bytes(""));
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        Send::Unsatisfiable => {
            let mut response = text(StatusCode::RANGE_NOT_SATISFIABLE);
            insert(&mut response, CONTENT_RANGE, &format!("bytes */{len}"));
            return response;
        }
        Send::Bytes { wanted, first, rest } => {
            let mut response = Response::new(Body::file(first, rest));
            let mut bytes = len;
            if let Wanted::Part(range) = wanted {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let field = format!("bytes {}-{}/{len}", range.start, range.end - 1);
                insert(&mut response, CONTENT_RANGE, &field);
                bytes = range.end - range.start;
            }
            if head {
                response.headers_mut().insert(CONTENT_LENGTH, bytes.into());
            }
            insert(&mut response, CONTENT_TYPE, content_type);
            response
                .headers_mut()
                .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            response
        }
    };
    insert(&mut response, ETAG, &version.etag);
    insert(&mut response, LAST_MODIFIED, &httpdate::fmt_http_date(version.modified));
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    response
}

/// A status and its name as text.
fn text(status: StatusCode) -> Response<Body> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut response = Response::new(Body::bytes(format!("{} {reason}\n", status.as_str())));
    *response.status_mut() = status;
    insert(&mut response, CONTENT_TYPE, "text/plain; charset=utf-8");
    response
}

fn insert(response: &mut Response<Body>, name: HeaderName, value: &str) {
    let headers: &mut HeaderMap = response.headers_mut();
    let value = HeaderValue::from_str(value);
    headers.insert(name, value.expect("values are made of visible ASCII and spaces"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_a_status() {
        for (errno, expected) in [
            (Errno::NOENT, 404),
            (Errno::XDEV, 404),
            (Errno::LOOP, 404),
            (Errno::ACCESS, 403),
            (Errno::MFILE, 503),
        ] {
            assert_eq!(status(&errno.into()).as_u16(), expected, "{errno}");
        }
    }
}
