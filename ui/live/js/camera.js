// A still from the visitor's camera. The stream is open only while its panel is.

const STILL_WIDTH = 640;

export class Camera {
  // onPicture(blob) gets a PNG, onTrouble(text) a plain sentence.
  constructor(root, onPicture, onTrouble) {
    this.video = root.querySelector("video");
    this.button = root.querySelector("button");
    this.onPicture = onPicture;
    this.onTrouble = onTrouble;
    this.button.addEventListener("click", () => this.shoot());
  }

  async open() {
    this.button.disabled = true;
    const visit = (this.visit = {});
    try {
      const video = { width: { ideal: STILL_WIDTH } };
      const stream = await navigator.mediaDevices.getUserMedia({ video });
      if (visit !== this.visit) return stop(stream);
      this.video.srcObject = stream;
      await this.video.play();
      this.button.disabled = false;
    } catch {
      // No camera, no permission, or a page without TLS, which has none to give.
      if (visit === this.visit) this.onTrouble("No camera could be opened. Upload a picture instead.");
    }
  }

  shoot() {
    const still = document.createElement("canvas");
    still.width = this.video.videoWidth;
    still.height = this.video.videoHeight;
    still.getContext("2d").drawImage(this.video, 0, 0);
    still.toBlob((blob) => blob && this.onPicture(blob), "image/png");
  }

  close() {
    this.visit = null;
    if (this.video.srcObject) stop(this.video.srcObject);
    this.video.srcObject = null;
  }
}

function stop(stream) {
  for (const track of stream.getTracks()) track.stop();
}
