//! Whether a server answers.

use super::children::Children;
use anyhow::{Result, bail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_millis(100);

/// Asks until the answer is 200; gives up when a program has ended.
pub(crate) fn wait(address: SocketAddr, path: &str, children: &Children) -> Result<()> {
    let started = Instant::now();
    while !answers(address, path) {
        if children.any_ended() {
            bail!("it has ended; its last lines stand above");
        }
        if started.elapsed() > PATIENCE {
            bail!("nothing answers at http://{address}{path} after {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(BETWEEN);
    }
    Ok(())
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::answers;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    #[test]
    fn only_the_status_200_is_an_answer() {
        for (status, expected) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let asked = BufReader::new(&stream).lines().map(Result::unwrap);
                assert_eq!(asked.take_while(|line| !line.is_empty()).count(), 3);
                // In one piece: who asks goes away after the status, and a second piece would be refused.
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(answers(address, "/readyz"), expected, "{status}");
            server.join().unwrap();
        }
    }
}
