# The app: docker build -t hitvideo . && docker run -p 7860:7860 hitvideo
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install --no-cache-dir -r requirements.txt -c constraints.txt
COPY app.py ./
COPY hitvideo hitvideo
COPY assets assets
COPY weights/hitvideo-mini weights/hitvideo-mini
RUN useradd --create-home app
USER app
EXPOSE 7860
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
