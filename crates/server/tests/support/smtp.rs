//! A mail server that speaks as much SMTP as it takes to be written to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with the next letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Not now: 451.
    Busy,
    /// Never: 550.
    Refuses,
    /// Says nothing at all.
    Silent,
}

#[derive(Debug)]
pub struct Smtp {
    pub address: SocketAddr,
    letters: Arc<Mutex<Vec<String>>>,
    mood: Arc<Mutex<Mood>>,
    tried: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Smtp {
    pub async fn start(address: &str, mood: Mood) -> Smtp {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (letters, mood, tried) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new(mood)), Arc::<Mutex<usize>>::default());
        let (of_letters, of_mood, of_tried) = (Arc::clone(&letters), Arc::clone(&mood), Arc::clone(&tried));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *of_tried.lock().unwrap() += 1;
                let (letters, mood) = (Arc::clone(&of_letters), *of_mood.lock().unwrap());
                tokio::spawn(async move { drop(converse(stream, mood, &letters).await) });
            }
        });
        Smtp { address, letters, mood, tried, serving }
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Connections so far.
    pub fn tried(&self) -> usize {
        *self.tried.lock().unwrap()
    }

    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, mood: Mood, letters: &Mutex<Vec<String>>) -> std::io::Result<()> {
    if mood == Mood::Silent {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 mail.test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "RCPT" if mood == Mood::Busy => "451 try later",
            "RCPT" if mood == Mood::Refuses => "550 nobody of that name",
            "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 ok",
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.push_str(&line);
                    letter.push('\n');
                }
                letters.lock().unwrap().push(letter);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "502 what?",
        };
        writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
