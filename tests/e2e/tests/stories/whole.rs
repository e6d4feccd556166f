//! From a new flag to a look back in time, each in a browser of their own. `tests/desktop.rs` has it in windows of the desktop app.

use anyhow::Result;
use downhaul_e2e::stories::whole::{self, Cast};
use downhaul_e2e::{Browser, Console, Stack};

#[tokio::test]
async fn from_a_new_flag_to_a_look_back_in_time() -> Result<()> {
    let stack = Stack::start().await?;
    let tokens = whole::prepare(&stack).await?;
    let (managing, approving, operating, visitor) =
        (Browser::start().await?, Browser::start().await?, Browser::start().await?, Browser::start().await?);
    let cast = Cast {
        maya: Console::open(&managing, &stack).await?,
        ada: Console::open_as(&approving, &stack, &tokens.approver).await?,
        jonas: Console::open_as(&operating, &stack, &tokens.operator).await?,
        visitor: &visitor,
    };
    cast.play(&stack, "console").await
}
