import type { Good } from "./catalogue.js";

const outlines: Record<Good["shape"], string> = {
  rope: "M20 60c0-22 60-22 60 0s-60 22-60 0m8-9c0-16 44-16 44 0s-44 16-44 0m8-9c0-10 28-10 28 0s-28 10-28 0",
  block: "M50 14v12m-16 0h32v40a16 16 0 0 1-32 0zm16 18a10 10 0 1 0 .1 0m-.1 30v14",
  jacket: "M36 20l14 8 14-8 18 14-8 12-8-5v39H34V41l-8 5-8-12zM50 28v52",
  cleat: "M20 68h60M30 68V52l12-18 6 10v24m22 0V52L58 34l-6 10v24",
  lamp: "M40 30h20v30H40zM36 60h28v10H36zM50 30V18M28 36l-10-6m10 16H16m56-10l10-6m-10 16h12",
  knife: "M18 62l40-36c10 0 16 6 16 14L34 74zM34 74l-8 8-12-12 8-8",
};

/** A line drawing in the good's hue. */
export function picture(good: Good): string {
  return `<svg class="picture" style="--hue:${good.hue}" viewBox="0 0 100 100" aria-hidden="true"><path d="${outlines[good.shape]}"/></svg>`;
}
