//! `/api`: the description of this API as a page that needs no script.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::Value;

use super::routes::openapi;
use crate::{
    http::Problem,
    kernel::{Code, Fault},
};

#[derive(Template)]
#[template(
    ext = "html",
    source = r##"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Throughline API {{ version }}</title><link rel="stylesheet" href="/api/page.css"></head>
<body><main>
<h1>Throughline API</h1>
<p>{{ description }} Machines sign in at <code>/oauth/token</code>. The same as a document: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
<nav aria-label="Parts"><ul>{% for group in groups %}<li><a href="#{{ group.id }}">{{ group.name }}</a></li>{% endfor %}</ul></nav>
{% for group in groups %}<section id="{{ group.id }}"><h2>{{ group.name }}</h2>
{% for call in group.calls %}<article><h3><span>{{ call.method }}</span> <code>{{ call.path }}</code></h3>
<p>{{ call.summary }}</p>
{% if !call.inputs.is_empty() %}<h4>Takes</h4><ul>{% for input in call.inputs %}<li><code>{{ input.0 }}</code> {{ input.1 }}</li>{% endfor %}</ul>{% endif %}
<h4>Answers</h4><ul>{% for answer in call.answers %}<li>{{ answer.0 }} {{ answer.1 }}</li>{% endfor %}</ul>
</article>{% endfor %}</section>{% endfor %}
</main></body></html>"##
)]
struct Page {
    version: String,
    description: String,
    groups: Vec<Group>,
}

struct Group {
    id: String,
    name: String,
    calls: Vec<Call>,
}

struct Call {
    method: String,
    path: String,
    summary: String,
    inputs: Vec<(String, String)>,
    answers: Vec<(String, String)>,
}

const CSS: &str = "body{margin:0;background:#faf8f3;color:#14252a;font:1.0625rem/1.5 system-ui,sans-serif}\
main{max-width:52rem;margin:auto;padding:1rem}h1,h2{font-family:ui-serif,Georgia,serif}a{color:#0f5152}\
article{background:#fff;border:1px solid #dcd8cc;border-radius:.625rem;padding:.75rem 1rem;margin-block:1rem}\
h3{margin:0;font-size:1rem;overflow-wrap:anywhere}h3 span{color:#0f5152}h4{margin:.75rem 0 0;font-size:.9rem}\
ul{margin:.25rem 0;padding-inline-start:1.25rem}nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}\
a:focus-visible{outline:3px solid #14252a;outline-offset:2px;box-shadow:0 0 0 6px #ffcf5c}";

/// The page.
pub(super) async fn page() -> Result<HttpResponse, Problem> {
    let failed = || Problem::new(Code::new("api.page", Fault::Internal), "The page could not be made.");
    let document = serde_json::to_value(openapi()).map_err(|_ignored| failed())?;
    let html = build(&document).render().map_err(|_ignored| failed())?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(html))
}

const FRONT: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
<title>Throughline</title><link rel=\"stylesheet\" href=\"/api/page.css\"></head>\n\
<body><main><h1>Throughline</h1>\n\
<p>This is the address of a referral hub. Member organisations reach it with their gateways; there is nothing to sign in to on this page. What of the directory of services is for everybody is open here.</p>\n\
<ul><li><a href=\"/api/v1/directory/page.html\">The directory of services, to read or print</a></li><li><a href=\"/api\">What the API offers</a></li><li><a href=\"/health/ready\">Whether the hub is well</a></li></ul>\n\
</main></body></html>\n";

/// What this address is, for somebody who opens it.
pub async fn front() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(FRONT)
}

/// Its style sheet.
pub(super) async fn css() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css")
        .insert_header(("cache-control", "public, max-age=3600"))
        .body(CSS)
}

fn build(document: &Value) -> Page {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut groups: Vec<Group> = Vec::new();
    for (path, methods) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let name = operation.pointer("/tags/0").map(text).unwrap_or_default();
            let call = call(path, method, operation);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.calls.push(call),
                None => {
                    groups.push(Group { id: name.to_lowercase().replace(' ', "-"), name, calls: vec![call] });
                }
            }
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    let info = |pointer: &str| document.pointer(pointer).map(text).unwrap_or_default();
    Page { version: info("/info/version"), description: info("/info/description"), groups }
}

fn call(path: &str, method: &str, operation: &Value) -> Call {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let mut inputs: Vec<(String, String)> = parameters
        .map(|p| {
            let place = text(p.get("in"));
            (text(p.get("name")), format!("({place}) {}", text(p.get("description"))))
        })
        .collect();
    for (kind, _) in
        operation.pointer("/requestBody/content").and_then(Value::as_object).into_iter().flatten()
    {
        let schema = operation
            .pointer("/requestBody/content")
            .and_then(|content| content.get(kind)?.pointer("/schema/$ref"));
        let name = text(schema).rsplit('/').next().unwrap_or_default().to_owned();
        inputs.push((String::from("body"), format!("{kind} {name}")));
    }
    let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let summary = text(operation.get("summary"));
    let more = text(operation.get("description"));
    Call {
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: if more.is_empty() { summary } else { format!("{summary} {more}") },
        inputs,
        answers: answers.map(|(status, answer)| (status.clone(), text(answer.get("description")))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_the_description_is_on_the_page() {
        let document = serde_json::to_value(openapi()).unwrap();
        let html = build(&document).render().unwrap();
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(html.contains(path), "{path}");
        }
        assert!(!html.contains("<script") && !html.contains("style="));
    }
}
