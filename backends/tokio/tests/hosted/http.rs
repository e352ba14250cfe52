//! hyper on sockets of ours, in tasks of tokio.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use mini_async::Async;
use mini_hyper::FuturesIo;

use crate::tools::{hosts, watch};

#[test]
fn hyper_serves_and_asks_over_it() {
    let _watch = watch();
    for (runtime, reactor) in hosts() {
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let listener = Async::new_in(listener, &reactor).unwrap();
            tokio::spawn(async move {
                let (stream, _) = listener.accept().await.unwrap();
                let hello = |request: Request<_>| async move {
                    let _: Request<hyper::body::Incoming> = request;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"hello"))))
                };
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(FuturesIo::new(stream), service_fn(hello))
                    .await
                    .unwrap();
            });
            let stream = Async::new_in(TcpStream::connect(address).unwrap(), &reactor).unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(FuturesIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            for _ in 0..3 {
                let request = Request::builder().header("host", "here");
                let request = request.body(Full::<Bytes>::default()).unwrap();
                sender.ready().await.unwrap();
                let response = sender.send_request(request).await.unwrap();
                let body = response.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(&body[..], b"hello");
            }
        });
    }
}
