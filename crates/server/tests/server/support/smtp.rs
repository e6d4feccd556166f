//! A mail server that speaks as much SMTP as it takes to be written to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Who has signed the certificate of a server that speaks TLS; nobody believes it who is not told to.
pub const AUTHORITY: &str = include_str!("mail/authority.pem");

/// How a client speaks to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Clear,
    /// In the clear until `STARTTLS`, which is all that it takes before.
    StartTls,
    Tls,
}

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
        Smtp::by(Way::Clear, address, mood).await
    }

    pub async fn by(way: Way, address: &str, mood: Mood) -> Smtp {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (letters, mood, tried) =
            (Arc::<Mutex<Vec<String>>>::default(), Arc::new(Mutex::new(mood)), Arc::<Mutex<usize>>::default());
        let (of_letters, of_mood, of_tried) = (Arc::clone(&letters), Arc::clone(&mood), Arc::clone(&tried));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *of_tried.lock().unwrap() += 1;
                let (letters, mood) = (Arc::clone(&of_letters), *of_mood.lock().unwrap());
                tokio::spawn(async move { drop(attend(stream, way, mood, &letters).await) });
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

async fn attend(stream: TcpStream, way: Way, mood: Mood, letters: &Mutex<Vec<String>>) -> std::io::Result<()> {
    if mood == Mood::Silent {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    match way {
        Way::Clear => converse(stream, true, mood, letters).await,
        Way::Tls => converse(acceptor().accept(stream).await?, true, mood, letters).await,
        Way::StartTls => {
            let stream = until_start_tls(stream).await?;
            converse(acceptor().accept(stream).await?, false, mood, letters).await
        }
    }
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("mail/localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("mail/localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn until_start_tls(stream: TcpStream) -> std::io::Result<TcpStream> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.test\r\n").await?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        let answer = match line.trim_end() {
            "" => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            "STARTTLS" => "220 go on",
            line if line.starts_with("EHLO") => "250-mail.test\r\n250 STARTTLS",
            _ => "530 not in the clear",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if answer == "220 go on" {
            return Ok(stream.into_inner());
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite,
    greets: bool,
    mood: Mood,
    letters: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (reading, mut writing) = tokio::io::split(stream);
    let mut lines = BufReader::new(reading).lines();
    if greets {
        writing.write_all(b"220 mail.test\r\n").await?;
        writing.flush().await?;
    }
    while let Some(line) = lines.next_line().await? {
        let answer = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "RCPT" if mood == Mood::Busy => "451 try later",
            "RCPT" if mood == Mood::Refuses => "550 nobody of that name",
            "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 ok",
            "DATA" => {
                writing.write_all(b"354 go on\r\n").await?;
                writing.flush().await?;
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
        writing.flush().await?;
    }
    Ok(())
}
