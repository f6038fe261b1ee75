// The camera of the page Recognise: a stream in a video element, and pictures of it as JPEG.
const camera = {
  stream: null,
  async start(id) {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 1280 }, facingMode: "user" },
      });
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
    const video = document.getElementById(id);
    video.srcObject = this.stream;
    await video.play();
    return "";
  },
  take(id) {
    const video = document.getElementById(id);
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, 1280 / video.videoWidth);
    canvas.width = video.videoWidth * scale;
    canvas.height = video.videoHeight * scale;
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL("image/jpeg", 0.85);
  },
  stop() {
    if (this.stream) this.stream.getTracks().forEach((track) => track.stop());
    this.stream = null;
  },
};
