/**
 * Where a bucketing unit stands among those that may try, from 0 to below 2^32; other for each flag and each draw.
 * FNV-1a over UTF-16 units, then the mixer of MurmurHash3, as FNV alone leaves the high bits alike.
 */
export function probeHash(unit: string, flag: string, draw: number): number {
  let hash = 0x811c9dc5;
  const text = `${flag}\0probe\0${draw}\0${unit}`;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
