//! A product manager stages a cohort in the console.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Stack, stories};

#[tokio::test]
async fn stage_a_cohort_see_the_radius_publish_and_take_it_back() -> Result<()> {
    let stack = Stack::start().await?;
    stories::put_people(&stack).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    stories::stage_a_cohort(&stack, &browser, &console).await
}
