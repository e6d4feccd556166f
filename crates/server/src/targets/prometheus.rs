use super::config::Prometheus;
use super::{up_to, why};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// Bytes of an answer: some ten thousand series.
const BODY: usize = 4 * 1024 * 1024;

/// What a query gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Value(f64),
    /// Prometheus answers, and there is not one number.
    NoData(String),
    /// It does not answer, or not as Prometheus does.
    Down(String),
}

/// Asks for the value of a query now.
pub(crate) async fn ask(prometheus: &Prometheus, query: &str) -> Answer {
    match asked(prometheus, query, None).await {
        Ok((status, body)) => read(status, &body),
        Err(why) => Answer::Down(why),
    }
}

/// Asks for all series of a selector at a moment of the past, in seconds since 1970: of each its labels and its value.
///
/// # Errors
/// In words, where it does not answer, or not with series.
pub(crate) async fn series_at(
    prometheus: &Prometheus,
    selector: &str,
    at: u64,
) -> Result<Vec<(BTreeMap<String, String>, f64)>, String> {
    let (status, body) = asked(prometheus, selector, Some(at)).await?;
    let series = match response(status, &body) {
        Ok(Some(Data::Vector(series))) => series,
        Ok(_) => return Err("Prometheus gives no series for the selector".to_owned()),
        Err(Answer::Down(why) | Answer::NoData(why)) => return Err(why),
        Err(Answer::Value(_)) => Vec::new(),
    };
    let number = |series: Series| {
        let value = series.value.1.parse::<f64>();
        value.map(|value| (series.metric, value)).map_err(|why| format!("`{}`: {why}", series.value.1))
    };
    series.into_iter().map(number).collect()
}

async fn asked(prometheus: &Prometheus, query: &str, at: Option<u64>) -> Result<(u16, Vec<u8>), String> {
    let mut url = prometheus.url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["api", "v1", "query"]);
    }
    url.query_pairs_mut().append_pair("query", query).append_pair("timeout", "5s");
    if let Some(at) = at {
        url.query_pairs_mut().append_pair("time", &at.to_string());
    }
    let mut request = prometheus.http.get(url);
    if let Some(token) = &prometheus.bearer {
        request = request.bearer_auth(token);
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return Err(format!("Prometheus does not answer: {}", why(error))),
    };
    let status = answer.status().as_u16();
    let body = up_to(BODY, answer).await.map_err(|error| format!("Prometheus breaks off: {}", why(error)))?;
    if body.len() >= BODY {
        return Err(format!("Prometheus answers with more than {BODY} bytes; name fewer series"));
    }
    Ok((status, body))
}

#[derive(Deserialize)]
struct Response {
    status: String,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Vector(Vec<Series>),
    Scalar((f64, String)),
    Matrix(IgnoredAny),
    String(IgnoredAny),
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

fn response(status: u16, body: &[u8]) -> Result<Option<Data>, Answer> {
    let Ok(response) = serde_json::from_slice::<Response>(body) else {
        return Err(Answer::Down(format!("what answers with {status} is not Prometheus")));
    };
    if response.status != "success" {
        let error: String = response.error.unwrap_or_default().chars().take(200).collect();
        return Err(Answer::NoData(format!("Prometheus refuses the query: {error}")));
    }
    Ok(response.data)
}

fn read(status: u16, body: &[u8]) -> Answer {
    let data = match response(status, body) {
        Ok(data) => data,
        Err(answer) => return answer,
    };
    let sample = match data {
        Some(Data::Scalar((_, value))) => value,
        Some(Data::Vector(series)) => match series.as_slice() {
            [one] => one.value.1.clone(),
            [] => return Answer::NoData("the query gives no data".to_owned()),
            many => {
                return Answer::NoData(format!("the query gives {} series; sum or average them to one", many.len()));
            }
        },
        Some(Data::Matrix(_) | Data::String(_)) | None => {
            return Answer::NoData("the query gives no single number".to_owned());
        }
    };
    match sample.parse::<f64>() {
        Ok(value) if value.is_finite() => Answer::Value(value),
        _ => Answer::NoData(format!("the query gives `{sample}`, which is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let vector =
            |result: &str| format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#);
        let none = |text: &str| Answer::NoData(text.to_owned());
        for (body, expected) in [
            (vector(r#"[{"metric":{},"value":[1.5,"0.25"]}]"#), Answer::Value(0.25)),
            (vector("[]"), none("the query gives no data")),
            (
                vector(r#"[{"metric":{"a":"1"},"value":[1,"1"]},{"metric":{"a":"2"},"value":[1,"2"]}]"#),
                none("the query gives 2 series; sum or average them to one"),
            ),
            (vector(r#"[{"metric":{},"value":[1,"NaN"]}]"#), none("the query gives `NaN`, which is no number")),
            (vector(r#"[{"metric":{},"value":[1,"+Inf"]}]"#), none("the query gives `+Inf`, which is no number")),
            (r#"{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}"#.to_owned(), Answer::Value(3.0)),
            (
                r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.to_owned(),
                none("Prometheus refuses the query: parse error"),
            ),
            ("<html>".to_owned(), Answer::Down("what answers with 200 is not Prometheus".to_owned())),
        ] {
            assert_eq!(read(200, body.as_bytes()), expected, "{body}");
        }
    }
}
