// Draws faces: reads a DiceBear options object a line from standard input, writes raw RGB pixels to standard output.
// ToonHead by Johan Melin, CC BY 4.0, as packaged by DiceBear.
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { createAvatar } from '@dicebear/core';
import { toonHead } from '@dicebear/collection';
import { Resvg } from '@resvg/resvg-js';

// Scaled and shifted as in an aligned data set: eyes and mouth are always in the same place.
const FRAMING = { scale: 140, translateX: 0, translateY: 9 };
const RESVG = { font: { loadSystemFonts: false } };

function draw(options) {
  const svg = createAvatar(toonHead, { ...FRAMING, ...options }).toString();
  const rgba = new Resvg(svg, RESVG).render().pixels;
  const rgb = Buffer.alloc((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgba.copy(rgb, to, from, from + 3);
  }
  return rgb;
}

for await (const line of createInterface({ input: process.stdin })) {
  if (!process.stdout.write(draw(JSON.parse(line)))) await once(process.stdout, 'drain');
}
