// Works out blast radii beside the page. One message after another; once the module has failed, so does all that follows.
import init, { answer, take_population } from "./downhaul-radius.js";

let ready = init({ module_or_path: new URL("./downhaul-radius_bg.wasm", import.meta.url) });

onmessage = ({ data }) => {
  ready = ready.then(() => {
    if (data.population) take_population(data.population);
    else {
      const answered = answer(data.ask);
      if (answered !== undefined) postMessage(answered);
    }
  });
  // Where the page hears of it.
  ready.catch((error) => setTimeout(() => { throw error; }));
};
