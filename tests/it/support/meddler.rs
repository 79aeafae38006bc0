//! Something between a gateway and its hub that passes everything on, and may change what the hub said.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::StatusCode, web};
use serde_json::Value;

/// What the hub answered, on its way back.
pub(crate) struct Answered {
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The node's receipt that comes with a packet.
    pub(crate) receipt: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    /// Changes a member of an answer in JSON, when it is there.
    pub(crate) fn change(&mut self, member: &str, change: impl FnOnce(&str) -> String) {
        let Ok(mut body) = serde_json::from_slice::<Value>(&self.body) else { return };
        let Some(text) = body.get(member).and_then(Value::as_str) else { return };
        body[member] = change(text).into();
        self.body = body.to_string().into_bytes();
    }
}

/// What is to be asked of the hub; an answer to it keeps it from the hub.
type Before = Box<dyn FnMut(&str, &str) -> Option<(u16, Value)> + Send>;
type After = Box<dyn FnMut(&mut Answered) + Send>;

struct Line {
    hub: Mutex<String>,
    before: Mutex<Before>,
    after: Mutex<After>,
    http: reqwest::Client,
}

/// The line. Dropping it ends it.
pub(crate) struct Meddler {
    pub(crate) url: String,
    line: Arc<Line>,
    serving: ServerHandle,
}

impl Drop for Meddler {
    fn drop(&mut self) {
        drop(self.serving.stop(false));
    }
}

impl Meddler {
    /// A line that changes nothing, to a hub that is named later.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let line = Arc::new(Line {
            hub: Mutex::default(),
            before: Mutex::new(Box::new(|_, _| None)),
            after: Mutex::new(Box::new(|_| {})),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        });
        let shared = web::Data::from(Arc::clone(&line));
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .app_data(web::PayloadConfig::new(16 << 20))
                .default_service(web::to(pass))
        };
        let server = HttpServer::new(app).workers(1).listen(listener).unwrap().run();
        let serving = server.handle();
        actix_web::rt::spawn(server);
        Self { url, line, serving }
    }

    /// Leads to this hub.
    pub(crate) fn lead_to(&self, url: &str) {
        *self.line.hub.lock().unwrap() = url.to_owned();
    }

    /// Changes what the hub answers from now on.
    pub(crate) fn after(&self, change: impl FnMut(&mut Answered) + Send + 'static) {
        *self.line.after.lock().unwrap() = Box::new(change);
    }

    /// Answers instead of the hub where `answer` has one for method and path.
    pub(crate) fn before(&self, answer: impl FnMut(&str, &str) -> Option<(u16, Value)> + Send + 'static) {
        *self.line.before.lock().unwrap() = Box::new(answer);
    }

    /// Lets everything pass again.
    pub(crate) fn rest(&self) {
        self.before(|_, _| None);
        self.after(|_| {});
    }
}

const RECEIPT: &str = "throughline-receipt";

async fn pass(request: HttpRequest, body: web::Bytes, line: web::Data<Line>) -> HttpResponse {
    let (method, path) = (request.method().as_str(), request.uri().to_string());
    if let Some((status, body)) = line.before.lock().unwrap()(method, &path) {
        return HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body);
    }
    let url = format!("{}{path}", line.hub.lock().unwrap());
    let mut forward = line.http.request(method.parse().unwrap(), url).body(body.to_vec());
    for (name, value) in request.headers() {
        if !matches!(name.as_str(), "host" | "content-length") {
            forward = forward.header(name.as_str(), value.as_bytes());
        }
    }
    let response = forward.send().await.unwrap();
    let mut answered = Answered {
        path,
        status: response.status().as_u16(),
        receipt: response.headers().get(RECEIPT).map(|value| value.to_str().unwrap().to_owned()),
        body: response.bytes().await.unwrap().to_vec(),
    };
    line.after.lock().unwrap()(&mut answered);
    let mut back = HttpResponse::build(StatusCode::from_u16(answered.status).unwrap());
    if let Some(receipt) = answered.receipt {
        back.insert_header((RECEIPT, receipt));
    }
    back.body(answered.body)
}
